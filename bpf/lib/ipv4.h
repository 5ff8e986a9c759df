/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Numbers of IPv4 (RFC 791) and ICMP (RFC 792, RFC 4443).
 */
#pragma once

#define IPV4_MAX_HEADER 60 /* bytes */

#define IPV4_VERSION	     4
#define IPV4_DONT_FRAGMENT   0x4000
#define IPV4_FRAGMENT_OFFSET 0x1fff /* in units of eight bytes */
#define IPV4_ANY_FRAGMENT    0x3fff /* more-fragments flag and fragment offset */

#define ICMP_HEADER_SIZE     8 /* size in bytes; in an ICMP error the quoted packet follows */
#define ICMP_ECHO_REPLY	     0
#define ICMP_UNREACHABLE     3
#define ICMP_SOURCE_QUENCH   4
#define ICMP_REDIRECT	     5
#define ICMP_ECHO	     8
#define ICMP_TIME_EXCEEDED   11
#define ICMP_PARAMETER	     12
#define ICMP_TIMESTAMP	     13
#define ICMP_TIMESTAMP_REPLY 14

#define ICMPV6_FIRST_NO_ERROR 128

#define ICMP_CHECKSUM_OFFSET 2 /* RFC 792; RFC 4443, 2.1 */
