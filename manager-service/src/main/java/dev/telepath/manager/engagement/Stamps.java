package dev.telepath.manager.engagement;

import com.google.protobuf.Timestamp;
import java.time.Instant;

/** Instants on the wire. */
final class Stamps {
    private Stamps() {}

    static Timestamp of(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
