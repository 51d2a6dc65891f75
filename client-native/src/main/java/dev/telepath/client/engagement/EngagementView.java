package dev.telepath.client.engagement;

import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a user sees of one port of an engagement.
 *
 * @param engagement the user's name of the whole
 * @param name the manager's name of this port
 * @param port as {@code --port} reads it; empty for an ingest
 * @param disposition the state, lower case; "pending" while the manager shows none
 * @param message what manager or agent say of it
 * @param filter which requests it is for; empty for all
 * @param lastError why it could not be created lately; empty if it could
 * @param localError why the local process did not take a stream lately; empty if it did
 */
public record EngagementView(
        String engagement,
        String name,
        String workload,
        String namespace,
        EngagementKind kind,
        String address,
        int localPort,
        String port,
        String disposition,
        String message,
        String podIp,
        String filter,
        String lastError,
        String localError,
        @Nullable Instant localErrorAt) {

    static List<EngagementView> all(Collection<EngagementSpec> wanted, Collection<Part> parts) {
        List<EngagementView> all = new ArrayList<>();
        for (EngagementSpec spec : wanted) {
            if (spec.kind() == EngagementKind.INGEST) {
                all.add(ingest(spec));
            }
        }
        parts.forEach(part -> all.add(of(part)));
        return all;
    }

    private static EngagementView of(Part part) {
        InterceptInfo info = part.info;
        return new EngagementView(
                part.spec.name(),
                part.wireName,
                part.spec.workload(),
                part.spec.namespace(),
                part.spec.kind(),
                part.spec.address(),
                part.port.local(),
                part.port.toString(),
                info == null ? "pending" : info.getDisposition().name().toLowerCase(Locale.ROOT),
                info == null ? "" : info.getMessage(),
                info == null ? "" : info.getPodIp(),
                part.spec.filter().describe(),
                part.lastError,
                part.localError,
                part.localErrorAt);
    }

    private static EngagementView ingest(EngagementSpec spec) {
        return new EngagementView(
                spec.name(),
                spec.name(),
                spec.workload(),
                spec.namespace(),
                spec.kind(),
                "",
                0,
                "",
                "active",
                "",
                "",
                "",
                "",
                "",
                null);
    }
}
