/*
 * A virtio driver in user space: DPDK's, which sends numbered frames over its ports and looks at each that comes.
 *
 *   numbered-frames EAL-OPTIONS -- PAIRS BYTES COUNT WINDOW    COUNT frames from each port, on its queue pairs in equal parts
 *
 * With one port what it sends comes back to it; with two each gets what the other sends. One thread does all of it. A frame has its
 * number in front and at its end, and the same words in between, made from the number; each queue pair counts for itself. No more
 * than WINDOW frames of a pair are on their way, which is fewer than the driver has receive buffers: so whoever is at the other end
 * has one for each frame, and a frame that is missing was lost, not refused.
 *
 * Prints one line: frames, seconds, and how many were lost, came again, came late or were changed; status 0 only where none was.
 */
#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PORTS = 2, MOST_PAIRS = 8, BURST = 32, DESCRIPTORS = 256, BUFFERS = 8191, CACHE = 256, HEADER = 14, PATIENCE = 20 };

static const uint64_t MIX = 0x9e3779b97f4a7c15u;

/* One direction of a pair: what was sent, and what its other end has seen of it. */
struct stream {
    uint64_t sent, expected, received, lost, again, changed;
};

static struct rte_mempool *pool;
static struct stream streams[MOST_PORTS][MOST_PAIRS];
static int ports, pairs, bytes;

static void fail(const char *what, int error)
{
    printf("numbered-frames: %s: %s\n", what, rte_strerror(error < 0 ? -error : error));
    exit(1);
}

static uint64_t word(uint64_t number, int port, int pair)
{
    return number << 8 | (uint64_t)(port << 4 | pair);
}

static void fill(uint8_t *frame, uint64_t number, int port, int pair)
{
    uint64_t first = word(number, port, pair), last = first * MIX;
    memcpy(frame + HEADER, &first, sizeof first);
    for (int at = HEADER + 8; at + 8 <= bytes - 8; at += 8) {
        uint64_t between = (first + (uint64_t)at) * MIX;
        memcpy(frame + at, &between, sizeof between);
    }
    memcpy(frame + bytes - 8, &last, sizeof last);
}

static int is_whole(const uint8_t *frame, uint64_t first)
{
    uint64_t last;
    memcpy(&last, frame + bytes - 8, sizeof last);
    if (last != first * MIX)
        return 0;
    for (int at = HEADER + 8; at + 8 <= bytes - 8; at += 8) {
        uint64_t between;
        memcpy(&between, frame + at, sizeof between);
        if (between != (first + (uint64_t)at) * MIX)
            return 0;
    }
    return 1;
}

static void address(uint8_t *to, int port)
{
    static const uint8_t prefix[5] = {0x52, 0x54, 0, 0, 0x77};
    memcpy(to, prefix, sizeof prefix);
    to[5] = (uint8_t)port;
}

static int other(int port)
{
    return ports == 1 ? port : 1 - port;
}

static void send_burst(int port, int pair, uint64_t count)
{
    struct stream *stream = &streams[port][pair];
    struct rte_mbuf *frames[BURST];
    if (rte_pktmbuf_alloc_bulk(pool, frames, (unsigned)count) != 0)
        return;
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *frame = rte_pktmbuf_mtod(frames[i], uint8_t *);
        address(frame, other(port));
        address(frame + 6, port);
        frame[12] = 0x88;
        frame[13] = 0xb5;
        fill(frame, stream->sent + i, port, pair);
        frames[i]->data_len = (uint16_t)bytes;
        frames[i]->pkt_len = (uint32_t)bytes;
    }
    uint16_t taken = rte_eth_tx_burst((uint16_t)port, (uint16_t)pair, frames, (uint16_t)count);
    stream->sent += taken;
    if (taken < count)
        rte_pktmbuf_free_bulk(frames + taken, (unsigned)(count - taken));
}

static uint64_t look_at(const struct rte_mbuf *frame, int port, int pair)
{
    const uint8_t *got = rte_pktmbuf_mtod(frame, const uint8_t *);
    if (frame->pkt_len < 22 || got[12] != 0x88 || got[13] != 0xb5)
        return 0; /* Not ours: a network of others may have its own words. */
    uint64_t first;
    memcpy(&first, got + HEADER, sizeof first);
    int from = other(port), sender = (int)(first & 15);
    struct stream *stream = &streams[from][sender < pairs ? sender : 0];
    uint64_t number = first >> 8;
    stream->received++;
    if ((first >> 4 & 15) != (uint64_t)from || sender >= pairs || (ports == 1 && sender != pair) || frame->pkt_len != (uint32_t)bytes
        || frame->data_len != bytes || !is_whole(got, first)) {
        stream->changed++;
    } else if (number < stream->expected) {
        stream->again++; /* Twice, or after one that was sent later: then that one has counted this as lost. */
    } else {
        stream->lost += number - stream->expected;
        stream->expected = number + 1;
    }
    return 1;
}

static uint64_t receive_burst(int port, int pair)
{
    struct rte_mbuf *frames[BURST];
    uint16_t got = rte_eth_rx_burst((uint16_t)port, (uint16_t)pair, frames, BURST);
    uint64_t ours = 0;
    for (uint16_t i = 0; i < got; i++)
        ours += look_at(frames[i], port, pair);
    if (got > 0)
        rte_pktmbuf_free_bulk(frames, got);
    return ours;
}

static void start_port(int port)
{
    struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE}};
    int error = rte_eth_dev_configure((uint16_t)port, (uint16_t)pairs, (uint16_t)pairs, &conf);
    for (int pair = 0; pair < pairs && error == 0; pair++) {
        error = rte_eth_rx_queue_setup((uint16_t)port, (uint16_t)pair, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
        if (error == 0)
            error = rte_eth_tx_queue_setup((uint16_t)port, (uint16_t)pair, DESCRIPTORS, SOCKET_ID_ANY, NULL);
    }
    if (error == 0)
        error = rte_eth_dev_start((uint16_t)port);
    if (error != 0)
        fail("a port did not start", error);
    rte_eth_promiscuous_enable((uint16_t)port);
}

/* One turn over all queues; no frame is sent from the limit on. Returns how many came. */
static uint64_t turn(uint64_t limit, uint64_t window)
{
    uint64_t came = 0;
    for (int port = 0; port < ports; port++)
        for (int pair = 0; pair < pairs; pair++) {
            struct stream *stream = &streams[port][pair];
            uint64_t room = window - (stream->sent - stream->received);
            uint64_t left = limit - stream->sent;
            uint64_t count = RTE_MIN((uint64_t)BURST, RTE_MIN(room, left));
            if (count == BURST || (count > 0 && (count == left || room == window)))
                send_burst(port, pair, count);
            came += receive_burst(port, pair);
        }
    return came;
}

/* Goes on until all frames have come, or none has come for long; returns how many came. */
static uint64_t go(uint64_t limit, uint64_t window)
{
    uint64_t all = limit * (uint64_t)(ports * pairs), came = 0, last = rte_get_timer_cycles();
    while (came < all) {
        uint64_t now = rte_get_timer_cycles();
        uint64_t here = turn(limit, window);
        came += here;
        if (here > 0)
            last = now;
        else if (now - last > PATIENCE * rte_get_timer_hz())
            break;
    }
    return came;
}

static int report(uint64_t came, double seconds)
{
    uint64_t lost = 0, again = 0, changed = 0, refused = 0;
    for (int port = 0; port < ports; port++) {
        struct rte_eth_stats stats;
        rte_eth_stats_get((uint16_t)port, &stats);
        refused += stats.imissed + stats.ierrors + stats.oerrors + stats.rx_nombuf;
        for (int pair = 0; pair < pairs; pair++) {
            struct stream *stream = &streams[port][pair];
            again += stream->again;
            changed += stream->changed;
            lost += stream->lost + stream->sent - stream->expected;
        }
    }
    printf("frames %" PRIu64 " seconds %.6f lost %" PRIu64 " again %" PRIu64 " changed %" PRIu64 " refused %" PRIu64 "\n", came,
           seconds, lost, again, changed, refused);
    return lost + again + changed + refused == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int eal = rte_eal_init(argc, argv);
    if (eal < 0)
        fail("DPDK did not start", rte_errno);
    argc -= eal;
    argv += eal;
    if (argc != 5) {
        printf("numbered-frames: expected PAIRS BYTES COUNT WINDOW\n");
        return 2;
    }
    pairs = atoi(argv[1]);
    bytes = atoi(argv[2]);
    ports = rte_eth_dev_count_avail();
    if (ports < 1 || ports > MOST_PORTS || pairs < 1 || pairs > MOST_PAIRS || bytes < HEADER + 16 || bytes > 1514)
        fail("ports, pairs or bytes", EINVAL);
    pool = rte_pktmbuf_pool_create("frames", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (pool == NULL)
        fail("no buffers", rte_errno);
    for (int port = 0; port < ports; port++)
        start_port(port);
    uint64_t begun = rte_get_timer_cycles();
    uint64_t came = go(strtoull(argv[3], NULL, 10) / (uint64_t)pairs, strtoull(argv[4], NULL, 10));
    int status = report(came, (double)(rte_get_timer_cycles() - begun) / (double)rte_get_timer_hz());
    for (int port = 0; port < ports; port++)
        rte_eth_dev_stop((uint16_t)port);
    rte_eal_cleanup();
    return status;
}
