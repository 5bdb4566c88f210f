/*
 * A write load whose every write replaces the one before: what is lost, and what is written again later, shows at the next read.
 *
 *     overwrites DEVICE FIRST
 *
 * Each of 16 threads has one block of 4096 bytes, block FIRST + thread of the device. In turn 1, 2, 3, ... it writes the block, reads
 * it back past any cache, and expects what it has just written. Each 8-byte word of a block is (thread << 56 | turn). Prints
 * "overwrites begin" when each thread has done a turn. SIGTERM ends it: then it prints "overwrites TURNS", of all threads, with status 0.
 * A read or write that fails, or another content, ends it with status 1.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 4096, WORDS = BLOCK / sizeof(uint64_t), THREADS = 16 };

static int device;
static uint64_t first;
static volatile sig_atomic_t ended;
static uint64_t turns[THREADS];
static pthread_barrier_t begun;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static void fail(const char *what, uint64_t thread, uint64_t turn)
{
    fprintf(stderr, "overwrites: thread %lu, turn %lu: ", (unsigned long)thread, (unsigned long)turn);
    perror(what);
    exit(1);
}

static void *overwrite(void *argument)
{
    uint64_t thread = (uintptr_t)argument;
    uint64_t *content;
    if (posix_memalign((void **)&content, BLOCK, BLOCK))
        exit(1);
    off_t at = (off_t)((first + thread) * BLOCK);
    for (uint64_t turn = 1; !ended; turn++) {
        uint64_t expected = thread << 56 | turn;
        for (int word = 0; word < WORDS; word++)
            content[word] = expected;
        if (pwrite(device, content, BLOCK, at) != BLOCK)
            fail("write", thread, turn);
        for (int word = 0; word < WORDS; word++)
            content[word] = 0;
        if (pread(device, content, BLOCK, at) != BLOCK)
            fail("read", thread, turn);
        for (int word = 0; word < WORDS; word++) {
            if (content[word] != expected) {
                fprintf(stderr, "overwrites: thread %lu reads %#lx, expected %#lx\n", (unsigned long)thread,
                        (unsigned long)content[word], (unsigned long)expected);
                exit(1);
            }
        }
        turns[thread] = turn;
        if (turn == 1)
            pthread_barrier_wait(&begun);
    }
    return NULL;
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: overwrites DEVICE FIRST\n");
        return 2;
    }
    device = open(words[1], O_RDWR | O_DIRECT);
    first = strtoull(words[2], NULL, 10);
    if (device < 0) {
        perror(words[1]);
        return 1;
    }
    signal(SIGTERM, end);
    pthread_barrier_init(&begun, NULL, THREADS + 1);
    pthread_t threads[THREADS];
    for (uintptr_t thread = 0; thread < THREADS; thread++)
        pthread_create(&threads[thread], NULL, overwrite, (void *)thread);
    pthread_barrier_wait(&begun);
    printf("overwrites begin\n");
    fflush(stdout);
    uint64_t sum = 0;
    for (int thread = 0; thread < THREADS; thread++) {
        pthread_join(threads[thread], NULL);
        sum += turns[thread];
    }
    printf("overwrites %lu\n", (unsigned long)sum);
    return 0;
}
