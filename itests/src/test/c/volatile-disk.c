/*
 * A file system with one file, "disk.img", in which what was written stays in memory until the file is synced: a disk with a
 * volatile write cache. Killing this process is the power cut: everything that was not synced is gone, and the file that stands
 * for the disk's platters shows what survived.
 *
 *     volatile-disk MOUNTPOINT PLATTERS [deaf]
 *
 * With "deaf" a sync is answered with success and does nothing, as a broken disk would do. Prints "mounted" once it serves.
 *
 * It speaks the kernel's protocol of /dev/fuse itself (linux/fuse.h), with one thread, so that requests have one order. Writes
 * arrive here before write(2) returns, whichever way they were made, since the kernel's own write-back cache is not asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCK = 4096, MAX_WRITE = 128 * 1024, FILE_NODE = 2 };

static const char NAME[] = "disk.img";

static int fuse;
static int platters;
static uint64_t size;
static unsigned char *cache; /* the whole disk, as its user sees it */
static bool *dirty;          /* per block: the cache is newer than the platters */
static bool deaf;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void reply(uint64_t unique, int error, const void *data, size_t length)
{
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof header + (error ? 0 : length)), .error = -error, .unique = unique};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)data, error ? 0 : length}};
    if (writev(fuse, parts, 2) < 0 && errno != ENOENT)
        fail("cannot answer a request");
}

static struct fuse_attr attributes(uint64_t node)
{
    bool file = node == FILE_NODE;
    return (struct fuse_attr){
        .ino = node,
        .size = file ? size : 0,
        .blocks = file ? size / 512 : 0,
        .mode = file ? S_IFREG | 0600 : S_IFDIR | 0700,
        .nlink = 1,
        .uid = getuid(),
        .gid = getgid(),
        .blksize = BLOCK,
    };
}

static void mark(uint64_t offset, uint64_t length)
{
    for (uint64_t block = offset / BLOCK; length && block <= (offset + length - 1) / BLOCK; block++)
        dirty[block] = true;
}

static int sync_platters(void)
{
    if (deaf)
        return 0;
    for (uint64_t block = 0; block < size / BLOCK; block++) {
        if (!dirty[block])
            continue;
        if (pwrite(platters, cache + block * BLOCK, BLOCK, (off_t)(block * BLOCK)) != BLOCK)
            return EIO;
        dirty[block] = false;
    }
    return 0;
}

static void on_lookup(const struct fuse_in_header *in, const char *name)
{
    struct fuse_entry_out out = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
    reply(in->unique, strcmp(name, NAME) ? ENOENT : 0, &out, sizeof out);
}

static void on_attributes(const struct fuse_in_header *in)
{
    struct fuse_attr_out out = {.attr = attributes(in->nodeid)};
    reply(in->unique, 0, &out, sizeof out);
}

static void on_set_attributes(const struct fuse_in_header *in, const struct fuse_setattr_in *set)
{
    if ((set->valid & FATTR_SIZE) && set->size != size)
        reply(in->unique, EPERM, NULL, 0);
    else
        on_attributes(in);
}

static void on_read(const struct fuse_in_header *in, const struct fuse_read_in *read)
{
    uint64_t end = read->offset + read->size < size ? read->offset + read->size : size;
    reply(in->unique, 0, cache + read->offset, read->offset < end ? end - read->offset : 0);
}

static void on_write(const struct fuse_in_header *in, const struct fuse_write_in *write)
{
    struct fuse_write_out out = {.size = write->size};
    if (write->offset + write->size > size) {
        reply(in->unique, ENOSPC, NULL, 0);
        return;
    }
    memcpy(cache + write->offset, write + 1, write->size);
    mark(write->offset, write->size);
    reply(in->unique, 0, &out, sizeof out);
}

static void on_allocate(const struct fuse_in_header *in, const struct fuse_fallocate_in *range)
{
    if (range->offset + range->length > size) {
        reply(in->unique, ENOSPC, NULL, 0);
        return;
    }
    if (range->mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
        memset(cache + range->offset, 0, range->length);
        mark(range->offset, range->length);
    }
    reply(in->unique, 0, NULL, 0);
}

static void on_statfs(const struct fuse_in_header *in)
{
    struct fuse_statfs_out out = {.st = {.blocks = size / BLOCK, .bsize = BLOCK, .frsize = BLOCK, .namelen = 255}};
    reply(in->unique, 0, &out, sizeof out);
}

static void on_init(const struct fuse_in_header *in)
{
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION,
        .minor = FUSE_KERNEL_MINOR_VERSION,
        .max_readahead = 0,
        .flags = FUSE_BIG_WRITES,
        .max_write = MAX_WRITE,
    };
    reply(in->unique, 0, &out, sizeof out);
}

static void serve(const struct fuse_in_header *in, const void *arguments)
{
    static const struct fuse_open_out opened;
    switch (in->opcode) {
    case FUSE_INIT: on_init(in); break;
    case FUSE_LOOKUP: on_lookup(in, arguments); break;
    case FUSE_GETATTR: on_attributes(in); break;
    case FUSE_SETATTR: on_set_attributes(in, arguments); break;
    case FUSE_OPEN:
    case FUSE_OPENDIR: reply(in->unique, 0, &opened, sizeof opened); break;
    case FUSE_READ: on_read(in, arguments); break;
    case FUSE_WRITE: on_write(in, arguments); break;
    case FUSE_FALLOCATE: on_allocate(in, arguments); break;
    case FUSE_FSYNC: reply(in->unique, sync_platters(), NULL, 0); break;
    case FUSE_STATFS: on_statfs(in); break;
    case FUSE_READDIR: /* there are no names to list: the one file is opened by its name */
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR: reply(in->unique, 0, NULL, 0); break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: break; /* have no answer */
    default: reply(in->unique, ENOSYS, NULL, 0);
    }
}

static void load(const char *path)
{
    platters = open(path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (platters < 0 || fstat(platters, &status) < 0)
        fail(path);
    size = (uint64_t)status.st_size;
    if (size == 0 || size % BLOCK) {
        fprintf(stderr, "%s: has %llu bytes, expected a multiple of %d\n", path, (unsigned long long)size, BLOCK);
        exit(1);
    }
    cache = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    dirty = calloc(size / BLOCK, sizeof *dirty);
    if (cache == MAP_FAILED || !dirty || pread(platters, cache, size, 0) != (ssize_t)size)
        fail("cannot load the disk");
}

int main(int count, char **words)
{
    if (count < 3 || count > 4) {
        fprintf(stderr, "usage: volatile-disk MOUNTPOINT PLATTERS [deaf]\n");
        return 2;
    }
    deaf = count == 4 && !strcmp(words[3], "deaf");
    load(words[2]);
    fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fuse < 0)
        fail("/dev/fuse");
    char options[128];
    snprintf(options, sizeof options, "fd=%d,rootmode=40700,user_id=%u,group_id=%u", fuse, getuid(), getgid());
    if (mount("volatile-disk", words[1], "fuse.volatile-disk", MS_NOSUID | MS_NODEV, options) < 0)
        fail(words[1]);
    puts("mounted");
    fflush(stdout);
    static _Alignas(8) unsigned char request[MAX_WRITE + 4096];
    for (;;) {
        ssize_t length = read(fuse, request, sizeof request);
        if (length >= (ssize_t)sizeof(struct fuse_in_header))
            serve((struct fuse_in_header *)request, request + sizeof(struct fuse_in_header));
        else if (length < 0 && errno == ENODEV)
            return 0; /* unmounted */
        else if (length < 0 && errno != EINTR && errno != ENOENT)
            fail("cannot read a request");
    }
}
