/*
 * The C twin of the ring benchmark: the same split ring, the same checks, the same slot per head, the same event
 * indices, written as a C program would do it. Compiled on the spot with cc -O2.
 *
 *   ring_twin device|both BATCH
 *
 * In "device" the driver does nothing but move the available index; in "both" one thread does the driver's and the
 * device's work in turn. Each line of its input asks, with the descriptors per chain and the microseconds to work for;
 * it answers with the nanoseconds of CPU time per chain.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 256, MASK = SIZE - 1, SEGMENTS = 4, CHAINS = 64 };
enum { F_NEXT = 1, F_WRITE = 2, F_INDIRECT = 4 };
enum { IDLE, TAKEN, STAGED };
enum { FAULT = -1, EMPTY = -2 };
#define MAX_SEGMENT (1u << 30)
#define GUEST_BASE 0xffff800012340000ull
#define GUEST_BYTES (1u << 20)

struct descriptor { uint64_t address; uint64_t rest; };
struct avail { uint16_t flags; _Atomic uint16_t index; uint16_t ring[SIZE]; uint16_t used_event; };
struct element { uint32_t id; uint32_t length; };
struct used { uint16_t flags; _Atomic uint16_t index; struct element ring[SIZE]; uint16_t avail_event; };

struct chain {
    uint64_t *addresses;
    uint32_t *lengths;
    uint32_t capacity;
    uint32_t segments;
    uint32_t readable_segments;
    uint64_t bytes;
    uint64_t readable_bytes;
    uint64_t ticket;
    int32_t fault;
    uint32_t head;
    uint8_t state;
};

struct region { uint64_t iova, size, delta; };

struct device {
    volatile struct descriptor *descriptors;
    volatile struct avail *avail;
    volatile struct used *used;
    struct region read, write, all;
    struct chain chains[SIZE];
    uint32_t taken[SIZE];
    uint64_t staged[SIZE];
    uint32_t staged_count;
    uint32_t outstanding;
    uint64_t next_ticket;
    uint16_t next_avail, used_index, called_index;
    uint32_t uncalled;
    int called_before;
    int fault;
};

/* The slow way: piece by piece through the table of regions; the benchmark has one region, so it refills a cache. */
static __attribute__((noinline)) int add_pieces(struct device *d, struct chain *c, uint64_t iova, uint64_t length,
        int write)
{
    uint64_t offset = iova - d->all.iova;
    if (length == 0)
        return 0;
    if (offset >= d->all.size || length > d->all.size - offset || c->segments == c->capacity) {
        c->fault = FAULT;
        return 0;
    }
    c->addresses[c->segments] = iova + d->all.delta;
    c->lengths[c->segments] = (uint32_t) length;
    c->segments++;
    c->bytes += length;
    if (write)
        d->write = d->all;
    else
        d->read = d->all;
    return 0;
}

static inline int walk(struct device *d, uint32_t head, struct chain *c)
{
    uint64_t *addresses = c->addresses;
    uint32_t *lengths = c->lengths;
    uint32_t segments = 0, index = head, count = 0;
    uint64_t bytes = 0;
    int write = 0;
    c->fault = 0;
    while (index < SIZE) {
        if (count++ == SIZE)
            return FAULT;
        uint64_t iova = d->descriptors[index].address;
        uint64_t rest = d->descriptors[index].rest;
        uint64_t length = rest & 0xffffffff;
        uint32_t flags = (uint32_t) (rest >> 32);
        const struct region *r;
        if (flags & F_INDIRECT)
            return FAULT;
        if (flags & F_WRITE) {
            if (!write) {
                write = 1;
                c->readable_segments = segments;
                c->readable_bytes = bytes;
            }
            r = &d->write;
        } else {
            if (write)
                return FAULT;
            r = &d->read;
        }
        uint64_t offset = iova - r->iova;
        if (offset < r->size && length <= r->size - offset && segments < c->capacity && length - 1 < MAX_SEGMENT) {
            addresses[segments] = iova + r->delta;
            lengths[segments] = (uint32_t) length;
            segments++;
            bytes += length;
        } else {
            c->segments = segments;
            c->bytes = bytes;
            add_pieces(d, c, iova, length, write);
            segments = c->segments;
            bytes = c->bytes;
        }
        if (!(flags & F_NEXT)) {
            c->segments = segments;
            c->bytes = bytes;
            if (!write) {
                c->readable_segments = segments;
                c->readable_bytes = bytes;
            }
            return bytes > (1ull << 32) ? FAULT : 0;
        }
        index = (uint32_t) (rest >> 48);
    }
    return FAULT;
}

static __attribute__((noinline)) int take(struct device *d, uint32_t max)
{
    if (d->fault)
        return FAULT;
    uint16_t first = d->next_avail;
    uint16_t ready = atomic_load_explicit(&d->avail->index, memory_order_acquire) - first;
    if (ready > SIZE)
        return d->fault = FAULT;
    uint32_t wanted = ready < max ? ready : max, count = 0;
    while (count < wanted) {
        uint32_t head = d->avail->ring[(first + count) & MASK];
        if (head >= SIZE)
            return d->fault = FAULT;
        struct chain *c = &d->chains[head];
        if (c->state != IDLE)
            return d->fault = FAULT;
        if (walk(d, head, c))
            return d->fault = FAULT;
        c->ticket = d->next_ticket + count;
        c->state = TAKEN;
        d->taken[count++] = head;
    }
    d->next_avail = first + count;
    d->next_ticket += count;
    d->outstanding += count;
    return (int) count;
}

static inline int complete(struct device *d, struct chain *c, uint64_t written)
{
    if (c->state != TAKEN)
        return 0;
    uint64_t limit = c->bytes - c->readable_bytes;
    if (limit > 0xffffffff)
        limit = 0xffffffff;
    c->state = STAGED;
    d->staged[d->staged_count++] = (written < limit ? written : limit) << 32 | c->head;
    return 1;
}

static __attribute__((noinline)) uint32_t publish(struct device *d)
{
    uint32_t count = d->staged_count;
    uint16_t first = d->used_index;
    if (!count)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t element = d->staged[i];
        memcpy((void *) &d->used->ring[(first + i) & MASK], &element, sizeof element);
        d->chains[(uint32_t) element].state = IDLE;
    }
    d->used_index = first + count;
    atomic_store_explicit(&d->used->index, d->used_index, memory_order_release);
    d->staged_count = 0;
    d->outstanding -= count;
    d->uncalled += count;
    return count;
}

static __attribute__((noinline)) int call_needed(struct device *d)
{
    if (!d->uncalled)
        return 0;
    atomic_thread_fence(memory_order_seq_cst);
    uint16_t event = d->avail->used_event;
    int needed = !d->called_before || d->uncalled > 0xffff
            || (uint16_t) (d->used_index - event - 1) < (uint16_t) (d->used_index - d->called_index);
    d->called_before = 1;
    d->called_index = d->used_index;
    d->uncalled = 0;
    return needed;
}

static __attribute__((noinline)) int enable_kicks(struct device *d)
{
    d->used->avail_event = d->next_avail;
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&d->avail->index, memory_order_acquire) != d->next_avail;
}

struct driver {
    volatile struct descriptor *descriptors;
    volatile struct avail *avail;
    volatile struct used *used;
    uint32_t next[SIZE], last[SIZE], count[SIZE], tokens[SIZE];
    uint64_t writable[SIZE];
    uint32_t free, free_head, added, unkicked;
    uint16_t avail_index, used_seen, used_next;
    uint64_t used_length;
    int fault;
};

static __attribute__((noinline)) int add(struct driver *r, const uint64_t *addresses, const uint32_t *lengths,
        uint32_t out, uint32_t in, uint32_t token)
{
    uint32_t total = out + in, head = r->free_head, index = head, at = head;
    uint64_t writable = 0;
    if (total > r->free)
        return FAULT;
    for (uint32_t i = 0; i < total; i++) {
        uint64_t rest = lengths[i];
        at = index;
        index = r->next[at];
        if (i >= out) {
            writable += rest;
            rest |= (uint64_t) F_WRITE << 32;
        }
        if (i + 1 < total)
            rest |= (uint64_t) F_NEXT << 32 | (uint64_t) index << 48;
        r->descriptors[at].address = addresses[i];
        r->descriptors[at].rest = rest;
    }
    r->last[head] = at;
    r->free_head = index;
    r->free -= total;
    r->count[head] = total;
    r->writable[head] = writable;
    r->tokens[head] = token;
    r->avail->ring[(r->avail_index + r->added) & MASK] = (uint16_t) head;
    r->added++;
    return 0;
}

static __attribute__((noinline)) uint32_t publish_avail(struct driver *r)
{
    uint32_t count = r->added;
    if (count) {
        r->avail_index += count;
        atomic_store_explicit(&r->avail->index, r->avail_index, memory_order_release);
        r->added = 0;
        r->unkicked += count;
    }
    return count;
}

static __attribute__((noinline)) int kick_needed(struct driver *r)
{
    uint32_t count = r->unkicked;
    if (!count)
        return 0;
    r->unkicked = 0;
    atomic_thread_fence(memory_order_seq_cst);
    return (uint16_t) (r->avail_index - r->used->avail_event - 1) < count;
}

static __attribute__((noinline)) int poll_used(struct driver *r)
{
    if (r->fault)
        return FAULT;
    if (r->used_next == r->used_seen) {
        uint16_t seen = atomic_load_explicit(&r->used->index, memory_order_acquire);
        if (seen == r->used_next)
            return EMPTY;
        if ((uint16_t) (seen - r->used_next) > (uint16_t) (r->avail_index - r->used_next))
            return r->fault = FAULT;
        r->used_seen = seen;
    }
    uint64_t element;
    memcpy(&element, (const void *) &r->used->ring[r->used_next & MASK], sizeof element);
    uint32_t head = (uint32_t) element;
    if (head >= SIZE || !r->count[head] || element >> 32 > r->writable[head])
        return r->fault = FAULT;
    r->used_length = element >> 32;
    r->used_next++;
    r->next[r->last[head]] = r->free_head;
    r->free_head = head;
    r->free += r->count[head];
    r->count[head] = 0;
    return (int) r->tokens[head];
}

static int enable_calls(struct driver *r)
{
    r->avail->used_event = r->used_next;
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&r->used->index, memory_order_acquire) != r->used_next;
}

enum { MAX_CHAIN = 3, TURNS_PER_LOOK = 20, WARMING_PART = 10 };

static const uint32_t LENGTHS[MAX_CHAIN][MAX_CHAIN] = {{4096}, {16, 4096}, {16, 4096, 1}};

struct workload {
    struct device device;
    struct driver driver;
    int both;
    uint32_t batch;
    uint16_t avail_index;
    uint64_t addresses[CHAINS][MAX_CHAIN];
    uint64_t sum;
};

static void *pages(size_t bytes)
{
    void *memory = aligned_alloc(4096, bytes);
    if (!memory)
        exit(1);
    return memset(memory, 0, bytes);
}

static void set_up(struct workload *w)
{
    struct device *d = &w->device;
    struct driver *r = &w->driver;
    d->descriptors = r->descriptors = pages(sizeof *d->descriptors * SIZE);
    d->avail = r->avail = pages(4096);
    d->used = r->used = pages(4096);
    d->all = (struct region) {GUEST_BASE, GUEST_BYTES, (uint64_t) pages(GUEST_BYTES) - GUEST_BASE};
    for (uint32_t i = 0; i < SIZE; i++) {
        d->chains[i].head = i;
        d->chains[i].capacity = SEGMENTS;
        d->chains[i].addresses = calloc(SEGMENTS, sizeof(uint64_t));
        d->chains[i].lengths = calloc(SEGMENTS, sizeof(uint32_t));
        r->next[i] = (i + 1) & MASK;
    }
    r->free = SIZE;
    for (uint32_t i = 0; i < CHAINS * MAX_CHAIN; i++)
        w->addresses[i / MAX_CHAIN][i % MAX_CHAIN] = GUEST_BASE + i * 4096ull;
}

/* For "device": the driver's part, once. */
static void prepare(struct workload *w, uint32_t length)
{
    uint32_t out = length > 1 ? 1 : 0;
    for (uint32_t i = 0; i < CHAINS * length; i++) {
        uint64_t flags = (i % length >= out ? F_WRITE : 0) | (i % length + 1 < length ? F_NEXT : 0);
        w->device.descriptors[i].address = GUEST_BASE + i * 4096ull % (GUEST_BYTES - 4096);
        w->device.descriptors[i].rest = LENGTHS[length - 1][i % length] | flags << 32
                | (flags & F_NEXT ? (uint64_t) (i + 1) << 48 : 0);
    }
    for (uint32_t i = 0; i < SIZE; i++)
        w->device.avail->ring[i] = (uint16_t) (i % CHAINS * length);
}

static uint64_t device_turn(struct device *d, uint32_t batch)
{
    uint64_t sum = 0;
    int taken = take(d, batch);
    for (int i = 0; i < taken; i++) {
        struct chain *c = &d->chains[d->taken[i]];
        uint64_t written = c->bytes - c->readable_bytes;
        sum += written;
        complete(d, c, written);
    }
    publish(d);
    sum += call_needed(d);
    sum += enable_kicks(d);
    return sum;
}

static uint64_t device_only(struct workload *w)
{
    w->avail_index += w->batch;
    atomic_store_explicit(&w->device.avail->index, w->avail_index, memory_order_release);
    return device_turn(&w->device, w->batch);
}

static uint64_t both(struct workload *w, uint32_t length)
{
    struct driver *r = &w->driver;
    uint32_t out = length > 1 ? 1 : 0;
    uint64_t sum = 0;
    int token;
    for (uint32_t i = 0; i < w->batch; i++)
        add(r, w->addresses[i], LENGTHS[length - 1], out, length - out, i);
    publish_avail(r);
    sum += kick_needed(r);
    sum += device_turn(&w->device, w->batch);
    while ((token = poll_used(r)) >= 0)
        sum += token + r->used_length;
    return sum + enable_calls(r);
}

static double cpu_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static double work_for(struct workload *w, uint32_t length, double nanos)
{
    uint64_t chains = 0, sum = 0;
    double begin = cpu_nanos(), end;
    do {
        for (int turn = 0; turn < TURNS_PER_LOOK; turn++)
            sum += w->both ? both(w, length) : device_only(w);
        chains += TURNS_PER_LOOK * w->batch;
        end = cpu_nanos();
    } while (end - begin < nanos);
    w->sum += sum;
    return (end - begin) / chains;
}

int main(int argc, char **argv)
{
    static struct workload w;
    uint32_t length;
    double micros;
    if (argc != 3)
        return 2;
    w.both = !strcmp(argv[1], "both");
    w.batch = (uint32_t) atoi(argv[2]);
    if (!w.batch || w.batch > CHAINS)
        return 2;
    set_up(&w);
    puts("ready");
    fflush(stdout);
    while (scanf("%u %lf", &length, &micros) == 2) {
        double nanos = micros * 1e3, per_chain;
        if (!length || length > MAX_CHAIN)
            return 2;
        if (!w.both)
            prepare(&w, length);
        /* The first part only warms caches and predictors. */
        work_for(&w, length, nanos / WARMING_PART);
        per_chain = work_for(&w, length, nanos);
        if (w.device.fault || w.driver.fault || w.device.outstanding) {
            fprintf(stderr, "ring_twin: the rings broke\n");
            return 1;
        }
        printf("%.4f\n", per_chain);
        fflush(stdout);
    }
    /* So that nothing of the work can be left out. */
    return w.sum == 1;
}
