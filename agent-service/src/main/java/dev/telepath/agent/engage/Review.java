package dev.telepath.agent.engage;

import com.google.protobuf.Timestamp;
import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.filter.InvalidFilter;
import dev.telepath.tunnel.filter.Overlap;
import dev.telepath.tunnel.filter.SpecFilter;
import dev.telepath.tunnel.frame.Protocol;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** The agent's word on an intercept that waits for it. */
public sealed interface Review {
    /** It may begin. */
    record Accept() implements Review {}

    /**
     * It cannot begin.
     *
     * @param message for the person at the client: what is wrong and what to do
     */
    record Refuse(String message) implements Review {}

    /** The one of two that came first holds the port; every agent computes the same order. */
    Comparator<InterceptInfo> FIRST_COME = Comparator.comparing(
                    (InterceptInfo info) -> info.getDisposition() != InterceptDispositionType.ACTIVE)
            .thenComparing(info -> changed(info.getModifiedAt()))
            .thenComparing(InterceptInfo::getId);

    private static Instant changed(Timestamp at) {
        return Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
    }

    /** Whether the spec is for this workload. An absent namespace means the agent's own. */
    static boolean concerns(Workload workload, InterceptSpec spec) {
        return spec.getAgent().equals(workload.name())
                && (spec.getNamespace().isEmpty() || spec.getNamespace().equals(workload.namespace()));
    }

    /**
     * Decides. Pure.
     *
     * @param others all intercepts of the workload, this one may be among them
     */
    static Review of(InterceptInfo info, Workload workload, Collection<InterceptInfo> others) {
        InterceptSpec spec = info.getSpec();
        if (!spec.getMechanism().isEmpty() && !spec.getMechanism().equals("tcp")) {
            return new Refuse(
                    "the agent of " + workload.name() + " cannot " + spec.getMechanism() + "; use the mechanism tcp");
        }
        HttpFilter filter;
        try {
            filter = SpecFilter.of(spec);
        } catch (InvalidFilter e) {
            return new Refuse(String.valueOf(e.getMessage()));
        }
        if (spec.getNoDefaultPort() && spec.getPortIdentifier().isEmpty()) {
            return new Accept();
        }
        Optional<GuardedPort> port = PortMatch.find(spec, workload.ports());
        if (port.isEmpty()) {
            return new Refuse(wanted(spec) + " of " + workload.name() + " is not guarded by its agent; choose one of "
                    + PortMatch.list(workload.ports()));
        }
        if (!filter.isAll() && port.get().protocol() == Protocol.UDP) {
            return new Refuse("port " + port.get().key() + " is UDP, which has no requests; leave out the header and"
                    + " path filters");
        }
        if (Engagement.target(spec).isEmpty()) {
            return new Refuse("the target " + spec.getTargetHost() + ":" + spec.getTargetPort()
                    + " is no IP address and port; give the address of the local process, e.g. 127.0.0.1");
        }
        return holder(info, filter, port.get(), workload, others)
                .<Review>map(holder -> new Refuse("port " + port.get().key() + " of " + workload.name()
                        + " is engaged by " + holder.getSpec().getClient() + " ("
                        + holder.getSpec().getName()
                        + "); ask for tp leave there, or use tp wiretap"))
                .orElseGet(Accept::new);
    }

    private static String wanted(InterceptSpec spec) {
        if (!spec.getPortIdentifier().isEmpty()) {
            return "port " + spec.getPortIdentifier();
        }
        int number = spec.getContainerPort() != 0 ? spec.getContainerPort() : spec.getServicePort();
        return number == 0 ? "the port to engage was not named, and the only port" : "port " + number;
    }

    /** A filter that cannot be read gets nothing, so it overlaps nothing. */
    private static boolean overlaps(HttpFilter filter, InterceptSpec other) {
        try {
            return !(Overlap.of(filter, SpecFilter.of(other)) instanceof Overlap.Disjoint);
        } catch (InvalidFilter e) {
            return false;
        }
    }

    /** Who has the port already, or asked for it before. Wiretaps hold nothing. */
    private static Optional<InterceptInfo> holder(
            InterceptInfo info,
            HttpFilter filter,
            GuardedPort port,
            Workload workload,
            Collection<InterceptInfo> others) {
        if (info.getSpec().getWiretap()) {
            return Optional.empty();
        }
        return others.stream()
                .filter(other -> !other.getId().equals(info.getId()))
                .filter(other -> !other.getSpec().getWiretap())
                .filter(other -> other.getDisposition() == InterceptDispositionType.ACTIVE
                        || other.getDisposition() == InterceptDispositionType.WAITING)
                .filter(other -> concerns(workload, other.getSpec()))
                .filter(other -> PortMatch.find(other.getSpec(), workload.ports())
                        .filter(port::equals)
                        .isPresent())
                .filter(other -> FIRST_COME.compare(other, info) < 0)
                .filter(other -> overlaps(filter, other.getSpec()))
                .min(FIRST_COME);
    }
}
