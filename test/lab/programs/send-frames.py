"""Sends Ethernet frames as they are. Words: INTERFACE; standard input: one frame in hex per line."""
import socket
import sys

with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
    link.bind((sys.argv[1], 0))
    for line in sys.stdin:
        link.send(bytes.fromhex(line.strip()))
