/*
 * The driver of "bench net": a virtio driver in user space, DPDK's, at one queue pair of a device that sends each frame back.
 *
 *   frame_driver EAL-OPTIONS -- BYTES WINDOW
 *
 * So many frames of BYTES, without the checksum of Ethernet, are on their way, and each that comes back is sent again at once with
 * the next number. Reads from its input how long to run, in seconds, and prints for each of these lines one:
 *
 *   frames N seconds S wrong W
 *
 * where WRONG ones were lost, came twice, in another order or with another length. Nothing is checked but the number and the length:
 * what the driver costs is in the result, and it should be little. Ends with its input.
 */
#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 32, DESCRIPTORS = 256, BUFFERS = 4095, CACHE = 256, HEADER = 14, MOST_WINDOW = 224, PATIENCE_SECONDS = 5 };

static struct rte_mempool *pool;
static int bytes;
static uint64_t sent, received, wrong;

static int fail(const char *what, int error)
{
    printf("frame_driver: %s: %s\n", what, rte_strerror(error < 0 ? -error : error));
    return 1;
}

static int start_port(void)
{
    struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE}};
    int error = rte_eth_dev_configure(0, 1, 1, &conf);
    if (error == 0)
        error = rte_eth_rx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
    if (error == 0)
        error = rte_eth_tx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL);
    if (error == 0)
        error = rte_eth_dev_start(0);
    if (error == 0)
        rte_eth_promiscuous_enable(0);
    return error;
}

static void number(struct rte_mbuf *frame)
{
    uint64_t next = sent++;
    memcpy(rte_pktmbuf_mtod_offset(frame, uint8_t *, HEADER), &next, sizeof next);
}

static void check(const struct rte_mbuf *frame)
{
    uint64_t got;
    memcpy(&got, rte_pktmbuf_mtod_offset(frame, const uint8_t *, HEADER), sizeof got);
    wrong += got != received++ || frame->pkt_len != (uint32_t)bytes || frame->data_len != bytes;
}

static void send_all(struct rte_mbuf **frames, uint16_t count)
{
    /* There is room: the window is smaller than the ring. */
    for (uint16_t taken = 0; taken < count;)
        taken = (uint16_t)(taken + rte_eth_tx_burst(0, 0, frames + taken, (uint16_t)(count - taken)));
}

static int begin(int window)
{
    struct rte_mbuf *frames[MOST_WINDOW];
    if (rte_pktmbuf_alloc_bulk(pool, frames, (unsigned)window) != 0)
        return fail("no buffers", ENOMEM);
    for (int i = 0; i < window; i++) {
        uint8_t *frame = rte_pktmbuf_mtod(frames[i], uint8_t *);
        memset(frame, 0, (size_t)bytes);
        memset(frame, 0xff, 6);
        frame[6] = 0x52;
        frame[12] = 0x88;
        frame[13] = 0xb5;
        frames[i]->data_len = (uint16_t)bytes;
        frames[i]->pkt_len = (uint32_t)bytes;
        number(frames[i]);
    }
    send_all(frames, (uint16_t)window);
    return 0;
}

/* Runs for so long; returns 0 if frames no longer come. */
static int run(double seconds)
{
    uint64_t now = rte_get_timer_cycles(), begun = now, last = now, first = received;
    uint64_t end = begun + (uint64_t)(seconds * (double)rte_get_timer_hz()), patience = PATIENCE_SECONDS * rte_get_timer_hz();
    wrong = 0;
    while (now < end && now - last < patience) {
        struct rte_mbuf *frames[BURST];
        uint16_t got = rte_eth_rx_burst(0, 0, frames, BURST);
        now = rte_get_timer_cycles();
        if (got == 0)
            continue;
        last = now;
        for (uint16_t i = 0; i < got; i++) {
            check(frames[i]);
            number(frames[i]);
        }
        send_all(frames, got);
    }
    printf("frames %" PRIu64 " seconds %.6f wrong %" PRIu64 "\n", received - first, (double)(now - begun) / (double)rte_get_timer_hz(), wrong);
    fflush(stdout);
    return now - last < patience;
}

int main(int argc, char **argv)
{
    int eal = rte_eal_init(argc, argv), window, error;
    double seconds;
    if (eal < 0)
        return fail("DPDK did not start", rte_errno);
    if (argc - eal != 3)
        return fail("expected BYTES WINDOW", EINVAL);
    bytes = atoi(argv[eal + 1]);
    window = atoi(argv[eal + 2]);
    if (rte_eth_dev_count_avail() != 1 || bytes < HEADER + 8 || bytes > 1514 || window < 1 || window > MOST_WINDOW)
        return fail("one port, 22 to 1514 BYTES and a WINDOW of 1 to 224 were expected", EINVAL);
    pool = rte_pktmbuf_pool_create("frames", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (pool == NULL)
        return fail("no buffers", rte_errno);
    if ((error = start_port()) != 0)
        return fail("the port did not start", error);
    if (begin(window) != 0)
        return 1;
    printf("ready\n");
    fflush(stdout);
    while (scanf("%lf", &seconds) == 1 && run(seconds))
        ;
    rte_eth_dev_stop(0);
    rte_eal_cleanup();
    return 0;
}
