/*
 * A write load that knows what must be durable.
 *
 *     flushed-writes DEVICE BLOCKS
 *
 * In turn 1, 2, 3, ... it writes 16 blocks of 4096 bytes, syncs, and prints "flushed TURN" when the sync has succeeded. Each
 * 8-byte word of a block is (block number << 32 | turn). Which blocks a turn writes follows from its number alone: block
 * ((turn * 16 + i) * 2654435761 mod 2^32) * BLOCKS / 2^32 for i = 0 ... 15. Runs until it is killed, or a write or sync fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 4096, WRITES = 16 };

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: flushed-writes DEVICE BLOCKS\n");
        return 2;
    }
    int device = open(words[1], O_RDWR);
    uint64_t blocks = strtoull(words[2], NULL, 10);
    if (device < 0) {
        perror(words[1]);
        return 1;
    }
    uint64_t content[BLOCK / sizeof(uint64_t)];
    for (uint32_t turn = 1;; turn++) {
        for (uint32_t i = 0; i < WRITES; i++) {
            uint64_t block = (uint64_t)((turn * WRITES + i) * 2654435761u) * blocks >> 32;
            for (size_t word = 0; word < sizeof content / sizeof *content; word++)
                content[word] = block << 32 | turn;
            if (pwrite(device, content, BLOCK, (off_t)(block * BLOCK)) != BLOCK) {
                perror("write");
                return 1;
            }
        }
        if (fdatasync(device) < 0) {
            perror("sync");
            return 1;
        }
        printf("flushed %u\n", turn);
        fflush(stdout);
    }
}
