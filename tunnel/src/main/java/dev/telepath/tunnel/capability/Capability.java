package dev.telepath.tunnel.capability;

import java.util.Locale;
import java.util.Optional;

/** One optional RPC or behaviour of a peer. The label is its name in the handshake, in logs and in metrics. */
public enum Capability {
    /** {@code telepath.v1.Handshake}: the peer says what it can do. */
    HANDSHAKE,
    /** {@code ReportMetrics}, managers since 2.17. */
    REPORT_METRICS,
    /** {@code WatchWorkloads}, managers since 2.21 in usable form. */
    WATCH_WORKLOADS,
    /** {@code GetKnownWorkloadKinds}, managers since 2.20. */
    KNOWN_WORKLOAD_KINDS,
    /** {@code EnsureAgent}, managers since 2.18. */
    ENSURE_AGENT,
    /** {@code WatchDial} through the manager: managers up to 2.20, and ours. */
    WATCH_DIAL,
    /** {@code WatchLookupDNS}: managers up to 2.20, and ours. */
    WATCH_LOOKUP_DNS,
    /** {@code WatchAgentPods}, managers since 2.17. */
    WATCH_AGENT_PODS,
    /** {@code Lookup}, managers since 2.25. */
    LOOKUP,
    /** The {@code Watch…Delta} family, managers since 2.26. */
    DELTAS,
    /** {@code ReconnectClient} and {@code ReconnectAgent}, managers since 2.25. */
    RECONNECT,
    /** {@code telepath.v1.Workloads}: ports, files and logs of a workload. */
    WORKLOAD_OFFERS,
    /** {@code GetLogs} with content: ours only. */
    LOGS,
    /** {@code telepath.v1.Streams}: streams that survive the loss of their connection. */
    RESUMABLE_STREAMS,
    /** {@code telepath.v1.Liveness}: pulses through the queues that data takes. */
    HEARTBEAT,
    /** Streams of clients that only agents of one workload may dial, and {@code Workloads.Bring}: ours only. */
    VIA_WORKLOAD,
    /** {@code telepath.v1.DirectLinks}: connections between clients and agents past the manager. */
    DIRECT_LINKS;

    /** Lower case with dashes, e.g. {@code report-metrics}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The capability of that label; empty for those of newer peers. */
    public static Optional<Capability> of(String label) {
        for (Capability one : values()) {
            if (one.label().equals(label)) {
                return Optional.of(one);
            }
        }
        return Optional.empty();
    }
}
