package dev.telepath.tunnel.carry;

import java.time.Duration;

/**
 * How resumable streams are kept.
 *
 * @param firstWindow bytes that a stream may have under way at its beginning, 64 KiB to 16 MiB
 * @param mostWindow bytes that it may come to, at least {@code firstWindow}
 * @param budget bytes that all streams of the process keep together, at least 1 MiB
 * @param resumeWindow how long a stream without a link is kept, 1 s to 24 h
 * @param remember how long the end of a stream is known to a peer that asks late, 1 s to 1 h
 * @param idleLinks links without a stream that are kept for the next to the same place, of the initiator; 0: none
 */
public record CarrySettings(
        long firstWindow, long mostWindow, long budget, Duration resumeWindow, Duration remember, int idleLinks) {
    /** 256 KiB growing to 4 MiB, 64 MiB for all, 5 minutes, 10 minutes, 256 links. */
    public static final CarrySettings STANDARD = new CarrySettings(
            256 * 1024, 4 * 1024 * 1024, 64 * 1024 * 1024, Duration.ofMinutes(5), Duration.ofMinutes(10), 256);
}
