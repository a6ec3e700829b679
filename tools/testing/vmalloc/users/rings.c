// SPDX-License-Identifier: GPL-2.0
/*
 * rings ROUNDS: make a ring of perf and one of a packet socket, have the kernel
 * write into both, look at what it has written, drop them; so many rounds.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Beside its first page a ring of perf has a power of 2 of them. */
#define PERF_PAGES	256
/* How many records are asked for; all of them fit. */
#define PERF_RECORDS	1000

/* More than the page allocator has in one piece: 4 MB. */
#define BLOCK_BYTES	(8 << 20)
#define BLOCKS		2
#define FRAME_BYTES	2048
#define PACKETS		200
#define PACKET_BYTES	1000
/* For experiments: nobody else sends such frames. */
#define PACKET_TYPE	0x88b5

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void must(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "not so: %s\n", what);
		exit(1);
	}
}

/* Each mapping of memory for a program to run leaves a record. */
static int perf_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_period = 1,
		.mmap = 1,
		.watermark = 0,
		.exclude_kernel = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		die("perf_event_open");
	return fd;
}

static void perf_provoke(size_t page)
{
	void *area;
	int i;

	for (i = 0; i < PERF_RECORDS; i++) {
		area = mmap(NULL, page, PROT_READ | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (area == MAP_FAILED)
			die("mmap");
		munmap(area, page);
	}
}

/* Walk the records: sizes add up, and there are as many as were provoked. */
static void perf_check(const struct perf_event_mmap_page *meta,
		       const char *data)
{
	uint64_t head = __atomic_load_n(&meta->data_head, __ATOMIC_ACQUIRE);
	const struct perf_event_header *record;
	uint64_t tail;
	int records = 0;

	must(head <= meta->data_size, "the records fit the ring");
	for (tail = 0; tail < head; tail += record->size) {
		record = (const void *)(data + tail);
		must(record->size >= sizeof(*record), "a record has its size");
		must(record->type == PERF_RECORD_MMAP, "a record is of a mapping");
		records++;
	}
	must(tail == head && records >= PERF_RECORDS, "no record is lost");
}

static void perf_ring(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t size = (1 + PERF_PAGES) * page;
	int fd = perf_open();
	char *ring;

	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		die("the ring of perf");
	perf_provoke(page);
	perf_check((const void *)ring, ring + page);
	munmap(ring, size);
	close(fd);
}

static int packet_open(int type, struct sockaddr_ll *to)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(type));

	if (fd < 0)
		die("packet socket");
	*to = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = if_nametoindex("lo"),
	};
	if (bind(fd, (struct sockaddr *)to, sizeof(*to)))
		die("bind");
	return fd;
}

static void packet_fill(unsigned char *frame, unsigned int nr)
{
	struct ethhdr *header = (void *)frame;
	unsigned int i;

	memset(frame, 0, sizeof(*header));
	header->h_proto = htons(PACKET_TYPE);
	for (i = sizeof(*header); i < PACKET_BYTES; i++)
		frame[i] = nr + i * 7;
}

/* A frame that is looped back is there twice, once on its way out. */
static void packet_check(struct tpacket2_hdr *frame, unsigned int nr)
{
	unsigned char want[PACKET_BYTES];

	must(frame->tp_status & TP_STATUS_USER, "a packet has come");
	must(frame->tp_snaplen == PACKET_BYTES, "it has its length");
	packet_fill(want, nr);
	must(!memcmp((char *)frame + frame->tp_mac, want, PACKET_BYTES),
	     "it is what was sent");
}

static void packet_ring(void)
{
	const int version = TPACKET_V2, size = BLOCKS * BLOCK_BYTES;
	struct tpacket_req req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = size / FRAME_BYTES,
	};
	unsigned char frame[PACKET_BYTES];
	struct sockaddr_ll to;
	int fd = packet_open(PACKET_TYPE, &to);
	unsigned int i;
	char *ring;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		die("the ring of packets");
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		die("the ring of packets");
	for (i = 0; i < PACKETS; i++) {
		packet_fill(frame, i);
		if (sendto(fd, frame, sizeof(frame), 0, (void *)&to,
			   sizeof(to)) != sizeof(frame))
			die("sendto");
	}
	for (i = 0; i < PACKETS; i++)
		packet_check((void *)(ring + i * FRAME_BYTES), i);
	munmap(ring, size);
	close(fd);
}

int main(int argc, char **argv)
{
	long rounds = argc == 2 ? atol(argv[1]) : 0;

	if (rounds <= 0) {
		fprintf(stderr, "usage: rings ROUNDS\n");
		return 2;
	}
	while (rounds--) {
		perf_ring();
		packet_ring();
	}
	return 0;
}
