/*
 * The peer of "bench net": DPDK's own vhost-user device, which sends each frame back. One thread polls; it ends with its input.
 *
 *   vhost_loop EAL-OPTIONS       with one device, --vdev=net_vhost0,iface=SOCKET
 */
#include <fcntl.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <unistd.h>

enum { BURST = 32, DESCRIPTORS = 256, BUFFERS = 4095, CACHE = 256, TURNS = 1 << 16 };

static int fail(const char *what, int error)
{
    printf("vhost_loop: %s: %s\n", what, rte_strerror(error < 0 ? -error : error));
    return 1;
}

static int start_port(struct rte_mempool *pool)
{
    struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE}};
    int error = rte_eth_dev_configure(0, 1, 1, &conf);
    if (error == 0)
        error = rte_eth_rx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
    if (error == 0)
        error = rte_eth_tx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL);
    return error == 0 ? rte_eth_dev_start(0) : error;
}

static void turn(void)
{
    struct rte_mbuf *frames[BURST];
    uint16_t got = rte_eth_rx_burst(0, 0, frames, BURST);
    uint16_t taken = got == 0 ? 0 : rte_eth_tx_burst(0, 0, frames, got);
    /* The driver always has buffers for all that is on its way: what is not taken is a frame that the driver misses. */
    if (taken < got)
        rte_pktmbuf_free_bulk(frames + taken, (unsigned)(got - taken));
}

int main(int argc, char **argv)
{
    if (rte_eal_init(argc, argv) < 0)
        return fail("DPDK did not start", rte_errno);
    struct rte_mempool *pool = rte_pktmbuf_pool_create("frames", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (pool == NULL || rte_eth_dev_count_avail() != 1)
        return fail("one port and memory for its frames were expected", pool == NULL ? rte_errno : ENODEV);
    int error = start_port(pool);
    if (error != 0)
        return fail("the port did not start", error);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    printf("ready\n");
    fflush(stdout);
    char ignored;
    do {
        for (int i = 0; i < TURNS; i++)
            turn();
    } while (read(STDIN_FILENO, &ignored, 1) != 0);
    rte_eth_dev_stop(0);
    rte_eal_cleanup();
    return 0;
}
