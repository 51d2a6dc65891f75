package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Wire;
import dev.telepath.client.direct.DirectAgents;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.engagement.EngagementView;
import dev.telepath.client.engagement.LocalAccess;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.SessionState;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Statistic;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** What the daemon knows, as the JSON that commands print. docs/commands.md describes the shapes. Pure. */
final class Views {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private Views() {}

    static ObjectNode status(Engine engine) {
        ObjectNode node = Wire.JSON.createObjectNode();
        SessionState state = engine.session().state();
        ObjectNode connection = node.putObject("connection");
        connection
                .put("state", state.word())
                .put("since", time(state.since()))
                .put("manager", engine.session().target().address())
                .put("namespace", engine.session().target().namespace())
                .put("client", engine.session().target().clientName());
        switch (state) {
            case SessionState.Attached a -> {
                connection.put("session_id", a.sessionId());
                engine.session().attachment().ifPresent(live -> attachment(connection, live));
            }
            case SessionState.Suspended s ->
                connection.put("attempt", s.attempt()).put("next_try", time(s.nextTry()));
            case SessionState.Stopped s ->
                connection
                        .put("cause", s.failure().message())
                        .put("hint", s.failure().hint());
            case SessionState.Connecting c -> connection.put("attempt", c.attempt());
        }
        // They last while the manager is away.
        DirectAgents.Counts direct = engine.direct().counts();
        if (direct.agents() > 0) {
            connection
                    .putObject("direct")
                    .put("agents", direct.agents())
                    .put("connected", direct.connected())
                    .put("forwarded", direct.forwarded());
        }
        why(connection, state);
        if (!engine.unused().isEmpty()) {
            ArrayNode unused = connection.putArray("settings_not_used");
            engine.unused().forEach(unused::add);
        }
        node.putObject("proxy")
                .put("address", "127.0.0.1:" + engine.proxy().address().getPort())
                .put("port", engine.proxy().address().getPort())
                .put("pac", engine.proxy().pacUrl());
        ClusterNetwork known = engine.network().latest();
        if (!known.isUnknown()) {
            ObjectNode network = node.putObject("network").put("domain", known.domain());
            known.services().forEach(network.putArray("services")::add);
            known.pods().forEach(network.putArray("pods")::add);
            known.dns().ifPresent(address -> network.put("dns", address.getHostAddress()));
        }
        engine.networking().describe(node);
        if (!engine.via().asked().isEmpty()
                && engine.session().attachment().filter(ViaAgents::isTooOld).isPresent()) {
            node.put("proxy_via_trouble", "cannot dial via a workload: the manager is too old");
        }
        engagements(node.putArray("engagements"), engine.engagements().views());
        node.putObject("streams")
                .put("open", engine.ledger().open())
                .put("resumable", engine.streams().streams().open())
                .put("suspended", engine.streams().streams().suspended())
                .put("bytes_from_cluster", engine.ledger().bytesReceived())
                .put("bytes_to_cluster", engine.ledger().bytesSent());
        return node;
    }

    private static void attachment(ObjectNode connection, Attachment live) {
        connection
                .put("manager_name", live.manager().getName())
                .put("manager_version", live.manager().getVersion())
                .put("transport", live.transport().word())
                .put("transport_to", live.transport().to());
        live.roundTrip().ifPresent(took -> connection.put("round_trip_ms", took.toNanos() / 1000 / 1000.0));
    }

    static void history(ArrayNode into, List<SessionState> states) {
        for (SessionState state : states) {
            why(into.addObject().put("at", time(state.since())).put("state", state.word()), state);
        }
    }

    private static void why(ObjectNode row, SessionState state) {
        state.why()
                .ifPresent(lost -> row.put("cause", lost.failure().message())
                        .put("cause_kind", lost.cause().label()));
    }

    static void engagements(ArrayNode into, List<EngagementView> views) {
        for (EngagementView view : views) {
            engagement(into.addObject(), view);
        }
    }

    static void engagement(ObjectNode row, EngagementView view) {
        row.put("name", view.name())
                .put("engagement", view.engagement())
                .put("kind", view.kind().label())
                .put("workload", view.workload())
                .put("namespace", view.namespace())
                .put("disposition", view.disposition())
                .put("message", view.message());
        if (view.kind() == EngagementKind.REPLACE) {
            row.put("replace", true);
        }
        if (view.localPort() > 0) {
            row.put("target_host", view.address())
                    .put("target_port", view.localPort())
                    .put("port", view.port());
        }
        if (!view.podIp().isEmpty()) {
            row.put("pod_ip", view.podIp());
        }
        if (!view.filter().isEmpty()) {
            row.put("filter", view.filter());
        }
        if (!view.lastError().isEmpty()) {
            row.put("last_error", view.lastError());
        }
        Instant at = view.localErrorAt();
        if (!view.localError().isEmpty()) {
            row.put("local_error", view.localError()).put("local_error_at", at == null ? "" : time(at));
        }
    }

    /**
     * @param mounted whether the folder is a mount now
     * @param writable paths in it that may be written to
     */
    static void openings(ObjectNode row, LocalAccess access, boolean mounted, List<String> writable) {
        if (!access.mount().isEmpty()) {
            mount(row, access.mount(), mounted, writable);
        }
        if (access.mountPort() > 0) {
            row.put("local_mount_port", access.mountPort());
        }
        if (!access.toPod().isEmpty()) {
            ArrayNode ports = row.putArray("to_pod");
            access.toPod().forEach(port -> ports.add(port.local()));
        }
    }

    static ObjectNode mount(ObjectNode row, String folder, boolean mounted, List<String> writable) {
        ObjectNode mount = row.putObject("mount")
                .put("local_dir", folder)
                .put("read_only", writable.isEmpty())
                .put("mounted", mounted);
        writable.forEach(mount.putArray("writable")::add);
        return mount;
    }

    static void workload(ObjectNode row, WorkloadInfo workload, List<EngagementView> mine) {
        row.put("name", workload.getName())
                .put("namespace", workload.getNamespace())
                .put("kind", workload.getKind().name().toLowerCase(Locale.ROOT))
                .put(
                        "state",
                        workload.getState().name().toLowerCase(Locale.ROOT).replace("_unspecified", ""))
                .put("agent", workload.getAgentState() != WorkloadInfo.AgentState.NO_AGENT_UNSPECIFIED);
        ArrayNode clients = row.putArray("clients");
        ArrayNode filters = row.putArray("filters");
        workload.getInterceptClientsList().forEach(each -> {
            clients.add(each.getClient());
            if (!each.getFilter().isEmpty()) {
                filters.addObject().put("client", each.getClient()).put("filter", each.getFilter());
            }
        });
        engagements(
                row.putArray("engagements"),
                mine.stream()
                        .filter(view -> view.workload().equals(workload.getName()))
                        .toList());
    }

    static void metrics(ObjectNode into, MeterRegistry registry) {
        for (Meter meter : registry.getMeters()) {
            if (meter.getId().getName().startsWith("telepath.")) {
                String tags = meter.getId().getTags().stream()
                        .map(tag -> tag.getKey() + "=\"" + tag.getValue() + "\"")
                        .collect(Collectors.joining(","));
                String name = meter.getId().getName().replace('.', '_') + (tags.isEmpty() ? "" : "{" + tags + "}");
                meter.measure().forEach(measured -> {
                    if (meter instanceof Timer) {
                        String part = measured.getStatistic().getTagValueRepresentation();
                        into.put(meter.getId().getName().replace('.', '_') + "_seconds_" + part, measured.getValue());
                    } else if ((measured.getStatistic() == Statistic.COUNT
                                    || measured.getStatistic() == Statistic.VALUE)
                            && Double.isFinite(measured.getValue())) {
                        into.put(name, measured.getValue());
                    }
                });
            }
        }
        Runtime runtime = Runtime.getRuntime();
        into.put("threads", ManagementFactory.getThreadMXBean().getThreadCount())
                .put("open_file_descriptors", descriptors())
                .put("heap_used_bytes", runtime.totalMemory() - runtime.freeMemory());
    }

    private static String time(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private static long descriptors() {
        try (var open = Files.list(DESCRIPTORS)) {
            return open.count();
        } catch (IOException e) {
            Logger.getLogger(Views.class).debugf("descriptors not counted cause=\"%s\"", e.getMessage());
            return -1;
        }
    }
}
