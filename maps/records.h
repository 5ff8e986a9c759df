/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's own memory: what the operator asked for and what has to be restored. No program reads these
 * tables; they are maps because a pinned map outlives every process, and writers hold the instance's lock.
 */
#pragma once

#include "address.h"
#include "nat_networks.h"

#define NAME_SIZE	    16 /* IFNAMSIZ, with its terminating zero */
#define MAX_HOST_ADDRESSES  8
#define MAX_ADDRESS_TEXT    48 /* "ipv6/prefix", with its terminating zero */
#define MAX_PORT_ADDRESSES  8
#define MAX_DNS		    4
#define HOST_NAME_SIZE	    64 /* a label of RFC 1035, with its terminating zero */
#define BOOT_FILE_SIZE	    64 /* so that all options fit one DHCP message */
#define MAX_SNAT_EXCEPTIONS 8
#define VID_BITMAP_SIZE	    (4096 / 8)

XVNET_ABI_BEGIN
enum device_kind {
	DEVICE_TAP = 1,
	DEVICE_VETH = 2,
	DEVICE_OTHER = 3,
};

enum mode {
	MODE_AUTO = 0,
	MODE_XDP = 1,
	MODE_TC = 2,
};

enum record_state {
	RECORD_INCOMPLETE = 0, /* a command is at work on it, or was killed */
	RECORD_COMPLETE = 1,
};

enum record_flags {
	RECORD_CREATED = 1 << 0,	  /* xvnet made the device, and may delete it */
	RECORD_OFFLOADS_OFF = 1 << 1,	  /* --guest-offloads off */
	RECORD_ALL_VLANS = 1 << 2,	  /* an uplink that carries every VID no other uplink claims */
	RECORD_SHARED_XDP = 1 << 3,	  /* --shared-xdp */
	RECORD_HOST_SIDE = 1 << 4,	  /* the inner end of a network's host interface */
	RECORD_IMPLICIT = 1 << 5,	  /* a network that goes with its last port */
	RECORD_UNTAGGED = 1 << 6,	  /* a network of untagged frames */
	RECORD_PROMISC_SET = 1 << 7,	  /* xvnet turned promiscuous mode on */
	RECORD_DHCP = 1 << 8,		  /* a network with DHCP */
	RECORD_SNAT_AUTO = 1 << 9,	  /* --snat auto */
	RECORD_SNAT_ANY_REMOTE = 1 << 10, /* --snat-filter endpoint */
};

/* What xvnet changed of a device, and changes back. */
enum restore_flags {
	RESTORE_RX_VLAN_CTAG = 1 << 0,
	RESTORE_RX_VLAN_STAG = 1 << 1,
	RESTORE_RX_VLAN_FILTER = 1 << 2,
	RESTORE_PEER_TX_VLAN_CTAG = 1 << 3,
	RESTORE_PEER_TX_VLAN_STAG = 1 << 4,
	RESTORE_NOISE = 1 << 5,	     /* ARP and IPv6, with the kernel's defaults: of records that older builds wrote */
	RESTORE_FORWARDING = 1 << 6, /* IPv4 forwarding, which xvnet turned on */
	RESTORE_ARP = 1 << 7,	     /* it was on */
	RESTORE_IPV6 = 1 << 8,	     /* it was on */
	RESTORE_ADDRESS_MODE = 1 << 9, /* the device had IPv6, on or off, with the mode that follows */
};

#define RESTORE_ADDRESS_MODE_SHIFT 16 /* of the restore flags: enum in6_addr_gen_mode */
#define RESTORE_ADDRESS_MODE_MASK  3

struct device_record {
	char name[NAME_SIZE];
	__u32 flags;	  /* enum record_flags */
	__u32 restore;	  /* enum restore_flags */
	__u16 kind;	  /* enum device_kind */
	__u16 state;	  /* enum record_state */
	__u16 mode;	  /* enum mode: in force */
	__u16 mode_asked; /* enum mode */
	char why[64];	  /* the reason for the mode, for people */
	__u32 owner;	  /* uid of a created TAP, or (__u32)-1 */
	__u32 queues;	  /* of a created TAP, 0: not asked */
	__u32 mtu;	  /* 0: not asked */
	__u16 former_mtu; /* before xvnet set the one that was asked, which is 65535 at most; 0: none was set */
	__u16 mac_tail;	  /* the last 2 bytes of its MAC when it was set up; 0: not known */
};
XVNET_ABI_SIZE(device_record, 16 + 8 + 8 + 64 + 16);

struct port_record {
	struct device_record device;
	__u32 network;
	__u32 max_macs;
	__u8 mac[6]; /* --mac; zero: learned */
	__u16 ip_count;
	struct address ips[MAX_PORT_ADDRESSES];	    /* in a network with a subnet */
	char host_name[HOST_NAME_SIZE];		    /* told by DHCP; empty: none */
	struct address allowed[MAX_PORT_ADDRESSES]; /* --allow */
	__u32 allowed_count;
	__u32 pad;
};
XVNET_ABI_SIZE(port_record, 112 + 16 + MAX_PORT_ADDRESSES * 16 + HOST_NAME_SIZE + MAX_PORT_ADDRESSES * 16 + 8);

struct uplink_record {
	struct device_record device;
	__u8 vids[VID_BITMAP_SIZE]; /* bit VID, least significant first; unused with RECORD_ALL_VLANS */
};
XVNET_ABI_SIZE(uplink_record, 112 + VID_BITMAP_SIZE);

struct prefix {
	struct address address;
	__u32 bits; /* of 128 */
};
XVNET_ABI_SIZE(prefix, 20);

struct network_record {
	char name[NAME_SIZE];
	char uplink[NAME_SIZE]; /* asked for with --uplink; empty: whichever carries the VID */
	__u32 flags;		/* enum record_flags */
	__u32 ageing_s;
	__u16 vid; /* 0: untagged or host-only */
	__u16 address_count;
	__u32 pad;
	char addresses[MAX_HOST_ADDRESSES][MAX_ADDRESS_TEXT];
	struct address subnet;	/* its first address; zero: none */
	struct address gateway; /* zero: none */
	__u32 prefix;		/* bits of the subnet, of 128 */
	__u16 dns_count;
	__u16 pad2;
	struct address dns[MAX_DNS];
	struct address boot_server;
	char domain[HOST_NAME_SIZE];
	char boot_file[BOOT_FILE_SIZE];
	struct address snat[MAX_NAT_RANGES]; /* the public addresses asked for; what came of it: nat_networks.h */
	__u16 snat_count;
	__u16 snat_ports; /* of each public address */
	__u16 snat_exception_count;
	__u16 pad3;
	struct prefix snat_exceptions[MAX_SNAT_EXCEPTIONS];
	char router[NAME_SIZE]; /* empty: none */
};
XVNET_ABI_SIZE(network_record, 16 + 16 + 16 + MAX_HOST_ADDRESSES * MAX_ADDRESS_TEXT + 16 + 16 + 8 + 16 * MAX_DNS + 16 +
				       HOST_NAME_SIZE + BOOT_FILE_SIZE + 16 * MAX_NAT_RANGES + 8 +
				       20 * MAX_SNAT_EXCEPTIONS + NAME_SIZE);

/* The one entry of meta: what this instance is. */
struct meta {
	__u64 netns_dev; /* the network namespace it belongs to, as stat(2) shows it */
	__u64 netns_inode;
	__u32 next_network;	  /* ids are not reused before the counter wraps */
	__u32 complete;		  /* 1 once every map and program is pinned */
	char build[20];		  /* of the pinned programs */
	__u32 settled;		  /* 1 unless a command is at work, or was cut short: the next one repairs */
	char creating[NAME_SIZE]; /* the device a command is about to make; what a killed one leaves is removed */
};
XVNET_ABI_SIZE(meta, 64);
XVNET_ABI_END
