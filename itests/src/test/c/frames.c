/*
 * Sends frames on a network interface whose other end gives every frame back, and looks whether each comes back once and whole.
 *
 *   frames INTERFACE COUNT            frames of every length up to the MTU
 *   frames INTERFACE COUNT segments   TCP of up to 60 KiB that is to be cut, with checksums to be filled in
 *   frames INTERFACE pairs N          uses so many queue pairs from now on
 *
 * Takes the interface up. Frames are sent and awaited 32 at a time; they may come back in any order.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WINDOW = 32, EXPERIMENT = 0x88b5, HEADERS = 14 + 20 + 20, LONGEST = 66000, SEGMENT = 1400, SECONDS = 30 };

struct frame {
    struct virtio_net_hdr header;
    uint8_t bytes[LONGEST];
} __attribute__((packed));

static int sock;
static int segments;
static int mtu;
static uint8_t mac[6];

static void fail(const char *what)
{
    printf("frames: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void request(const char *name, unsigned long code, struct ifreq *ifr, const char *what)
{
    strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(sock, code, ifr) != 0)
        fail(what);
}

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static int length_of(int index)
{
    if (segments)
        return HEADERS + 1 + (int)((uint32_t)index * 7919u % 60000u);
    return 60 + (int)((uint32_t)index * 7919u % (uint32_t)(mtu + ETH_HLEN - 60 + 1));
}

/* What a frame of that index has behind its headers, and the index itself in front of that. */
static void fill(int index, uint8_t *bytes, int length)
{
    uint32_t state = (uint32_t)index * 2654435761u + 1;
    for (int i = 0; i < length; i++)
        bytes[i] = (uint8_t)next(&state);
    uint32_t number = htonl((uint32_t)index);
    memcpy(bytes, &number, (size_t)length < sizeof number ? (size_t)length : sizeof number);
}

static void make(int index, struct frame *frame, int length)
{
    int headers = segments ? HEADERS : ETH_HLEN;
    memset(&frame->header, 0, sizeof frame->header);
    memset(frame->bytes, 0, (size_t)headers);
    memcpy(frame->bytes, mac, 6);
    memcpy(frame->bytes + 6, mac, 6);
    uint16_t type = htons(segments ? ETH_P_IP : EXPERIMENT);
    memcpy(frame->bytes + 12, &type, 2);
    fill(index, frame->bytes + headers, length - headers);
    if (!segments)
        return;
    uint8_t *ip = frame->bytes + ETH_HLEN;
    uint8_t *tcp = ip + 20;
    uint16_t total = htons((uint16_t)(length - ETH_HLEN));
    uint32_t from = htonl(0x0a090001), to = htonl(0x0a090002);
    ip[0] = 0x45;
    memcpy(ip + 2, &total, 2);
    ip[8] = 64;
    ip[9] = 6;
    memcpy(ip + 12, &from, 4);
    memcpy(ip + 16, &to, 4);
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    uint16_t checksum = htons((uint16_t)~sum);
    memcpy(ip + 10, &checksum, 2);
    uint32_t number = htonl((uint32_t)index);
    tcp[1] = 7;
    tcp[3] = 9;
    memcpy(tcp + 4, &number, 4);
    tcp[12] = 0x50;
    tcp[13] = 0x10;
    uint32_t pseudo = 0x0a09 + 0x0001 + 0x0a09 + 0x0002 + 6 + (uint32_t)(length - ETH_HLEN - 20);
    while (pseudo >> 16)
        pseudo = (pseudo & 0xffff) + (pseudo >> 16);
    checksum = htons((uint16_t)pseudo);
    memcpy(tcp + 16, &checksum, 2);
    frame->header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    frame->header.csum_start = ETH_HLEN + 20;
    frame->header.csum_offset = 16;
    if (length - HEADERS > SEGMENT) {
        frame->header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        frame->header.gso_size = SEGMENT;
        frame->header.hdr_len = HEADERS;
    }
}

static void send_frame(int index)
{
    static struct frame frame;
    int length = length_of(index);
    make(index, &frame, length);
    void *from = segments ? (void *)&frame.header : (void *)frame.bytes;
    size_t bytes = (size_t)length + (segments ? sizeof frame.header : 0);
    while (send(sock, from, bytes, 0) != (ssize_t)bytes) {
        if (errno != ENOBUFS && errno != EINTR)
            fail("send");
        usleep(1000);
    }
}

/* Receives one frame of ours; returns its index, or ends the program if it is not whole. */
static int receive_frame(void)
{
    static struct frame got, expected;
    for (;;) {
        struct sockaddr_ll from;
        socklen_t size = sizeof from;
        void *to = segments ? (void *)&got.header : (void *)got.bytes;
        size_t front = segments ? sizeof got.header : 0;
        ssize_t bytes = recvfrom(sock, to, LONGEST, 0, (struct sockaddr *)&from, &size);
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            fail("a frame did not come back");
        if (from.sll_pkttype == PACKET_OUTGOING)
            continue;
        int length = (int)(bytes - (ssize_t)front);
        uint32_t number;
        if (segments) {
            if (length < HEADERS || got.bytes[12] != 8 || got.bytes[13] != 0 || got.bytes[ETH_HLEN + 9] != 6)
                continue;
            memcpy(&number, got.bytes + ETH_HLEN + 20 + 4, 4);
        } else {
            memcpy(&number, got.bytes + ETH_HLEN, 4);
        }
        int index = (int)ntohl(number);
        if (length != length_of(index)) {
            printf("frames: frame %d has %d bytes, expected %d\n", index, length, length_of(index));
            exit(1);
        }
        make(index, &expected, length);
        if (memcmp(got.bytes, expected.bytes, (size_t)length) != 0) {
            printf("frames: frame %d of %d bytes has another content\n", index, length);
            exit(1);
        }
        if (segments && (got.header.gso_type != expected.header.gso_type || got.header.gso_size != expected.header.gso_size)) {
            printf("frames: frame %d came as kind %d of %d bytes, expected %d of %d\n", index, got.header.gso_type,
                   got.header.gso_size, expected.header.gso_type, expected.header.gso_size);
            exit(1);
        }
        return index;
    }
}

static void use_pairs(const char *name, int pairs)
{
    struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
    struct ifreq ifr = {.ifr_data = (char *)&channels};
    request(name, SIOCETHTOOL, &ifr, "channels");
    printf("pairs: %u of %u\n", channels.combined_count, channels.max_combined);
    channels.cmd = ETHTOOL_SCHANNELS;
    channels.combined_count = (uint32_t)pairs;
    request(name, SIOCETHTOOL, &ifr, "set channels");
    channels.cmd = ETHTOOL_GCHANNELS;
    request(name, SIOCETHTOOL, &ifr, "channels");
    printf("pairs: %u of %u\n", channels.combined_count, channels.max_combined);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        printf("frames INTERFACE COUNT [segments] | frames INTERFACE pairs N\n");
        return 2;
    }
    const char *name = argv[1];
    segments = argc > 3 && strcmp(argv[3], "segments") == 0;
    sock = socket(AF_PACKET, SOCK_RAW, 0);
    if (sock < 0)
        fail("socket");
    if (strcmp(argv[2], "pairs") == 0) {
        use_pairs(name, atoi(argv[3]));
        return 0;
    }
    struct ifreq ifr = {0};
    request(name, SIOCGIFFLAGS, &ifr, "flags");
    ifr.ifr_flags |= IFF_UP;
    request(name, SIOCSIFFLAGS, &ifr, "up");
    request(name, SIOCGIFMTU, &ifr, "mtu");
    mtu = ifr.ifr_mtu;
    request(name, SIOCGIFHWADDR, &ifr, "address");
    memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
    request(name, SIOCGIFINDEX, &ifr, "index");
    struct timeval patience = {.tv_sec = SECONDS};
    int room = 8 << 20, on = 1;
    if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        fail("timeout");
    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    if (segments && setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0)
        fail("PACKET_VNET_HDR");
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(segments ? ETH_P_IP : EXPERIMENT),
        .sll_ifindex = ifr.ifr_ifindex,
    };
    if (bind(sock, (struct sockaddr *)&address, sizeof address) != 0)
        fail("bind");

    int count = atoi(argv[2]);
    for (int done = 0; done < count; done += WINDOW) {
        int here = count - done < WINDOW ? count - done : WINDOW;
        uint32_t seen = 0;
        for (int i = 0; i < here; i++)
            send_frame(done + i);
        for (int i = 0; i < here; i++) {
            int index = receive_frame() - done;
            if (index < 0 || index >= here || seen >> index & 1) {
                printf("frames: frame %d came twice, or is not of those from %d\n", done + index, done);
                return 1;
            }
            seen |= 1u << index;
        }
    }
    printf("frames whole: %d\n", count);
    return 0;
}
