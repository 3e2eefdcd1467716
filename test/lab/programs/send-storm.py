"""Sends Ethernet frames again and again. Words: INTERFACE FRAMES_PER_SECOND SECONDS; standard input: one frame in hex per line."""
import socket
import sys
import time

BATCH = 100

frames = [bytes.fromhex(line.strip()) for line in sys.stdin]
rate, seconds = int(sys.argv[2]), float(sys.argv[3])
sent = 0
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
    link.bind((sys.argv[1], 0))
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        for _ in range(BATCH):
            link.send(frames[sent % len(frames)])
            sent += 1
        ahead = sent / rate - (time.monotonic() - start)
        if ahead > 0:
            time.sleep(ahead)
    print(sent, time.monotonic() - start)
