package dev.telepath.client.engagement;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Attachment;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc.MutinyManagerStub;
import dev.telepath.protocol.telepresence.manager.PreparedIntercept;
import dev.telepath.protocol.telepresence.manager.RemoveInterceptRequest2;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/** Creates and removes engagements at the manager: prepare, then create. Blocks. */
final class Creator {
    private static final Logger LOG = Logger.getLogger(Creator.class);

    private static final PortMapping ANY_PORT = new PortMapping(0, "", "TCP");

    private final String clientName;
    private final Duration dialTimeout;
    private final Duration latency;
    private final Duration patience;
    private final WorkloadNames workloads;
    private final Predicate<Part> engagedHere;

    /**
     * @param patience for an agent that the manager has to bring first
     * @param engagedHere whether this client engages the part's workload in another way already
     */
    Creator(
            String clientName,
            Duration dialTimeout,
            Duration latency,
            Duration patience,
            WorkloadNames workloads,
            Predicate<Part> engagedHere) {
        this.clientName = clientName;
        this.dialTimeout = dialTimeout;
        this.latency = latency;
        this.patience = patience;
        this.workloads = workloads;
        this.engagedHere = engagedHere;
    }

    /**
     * @throws Failure why the manager does not want it
     */
    InterceptInfo create(Attachment attachment, Part part) {
        InterceptSpec wanted = spec(part);
        var request = CreateInterceptRequest.newBuilder()
                .setSession(attachment.session())
                .setInterceptSpec(wanted);
        String doing = part.spec.kind().label() + " " + part.spec.workload();
        PreparedIntercept prepared =
                ask(attachment, part, doing, patient(attachment).prepareIntercept(request.build()));
        if (!prepared.getError().isEmpty()) {
            throw refusal(part, prepared);
        }
        request.setInterceptSpec(completed(wanted, prepared));
        return ask(attachment, part, doing, patient(attachment).createIntercept(request.build()));
    }

    /**
     * Has the container stopped, and tells its ports, each led to the same one here.
     *
     * @throws Failure why the manager does not want it
     */
    List<PortMapping> ports(Attachment attachment, EngagementSpec spec) {
        var part = new Part(spec.with(List.of(ANY_PORT)), ANY_PORT);
        var request = CreateInterceptRequest.newBuilder()
                .setSession(attachment.session())
                .setInterceptSpec(spec(part).toBuilder().clearProtocol())
                .build();
        String doing = spec.kind().label() + " " + spec.workload();
        PreparedIntercept prepared =
                ask(attachment, part, doing, patient(attachment).prepareIntercept(request));
        if (!prepared.getError().isEmpty()) {
            throw refusal(part, prepared);
        }
        if (prepared.getContainerPort() == 0) {
            throw new Failure(
                    Kind.USAGE, "the manager does not tell the ports of " + spec.workload(), "name them with --port");
        }
        List<PortMapping> ports = new ArrayList<>();
        String main = prepared.getProtocol().isEmpty() ? "TCP" : prepared.getProtocol();
        ports.add(PortMapping.parse(prepared.getContainerPort() + ":" + prepared.getContainerPort() + "/" + main));
        prepared.getPodPortsList().forEach(port -> ports.add(PortMapping.parse(port)));
        return List.copyOf(ports);
    }

    private MutinyManagerStub patient(Attachment attachment) {
        return attachment.manage().withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> T ask(Attachment attachment, Part part, String doing, Uni<T> answer) {
        try {
            return attachment.call(doing, answer, patience);
        } catch (Failure e) {
            boolean missing =
                    e.kind() == Kind.NOT_FOUND && !workloads.known(part.spec.workload(), part.spec.namespace());
            throw missing ? workloads.missing(part.spec.workload(), part.spec.namespace(), e.message()) : e;
        }
    }

    private Failure refusal(Part part, PreparedIntercept prepared) {
        String message = "cannot " + part.spec.kind().label() + " " + part.spec.workload() + ": " + prepared.getError();
        if (!workloads.known(part.spec.workload(), part.spec.namespace())) {
            return workloads.missing(part.spec.workload(), part.spec.namespace(), prepared.getError());
        }
        var holders = workloads.holders(part.spec.workload(), part.spec.namespace());
        if (!holders.isEmpty() && !part.spec.filter().isAll()) {
            // Of several holders only the one that the manager names is in the way; it may be we.
            return new Failure(Kind.CONFLICT, message, "tp list shows the filters in use");
        }
        // Clients of one user on one machine have the same name; only what we hold ourselves is not another's.
        if (engagedHere.test(part)) {
            holders.remove(clientName);
        }
        if (!holders.isEmpty()) {
            return new Failure(
                    Kind.CONFLICT,
                    message + " (held by " + String.join(", ", holders) + ")",
                    "ask the holder to run tp leave, engage another port, or use tp wiretap");
        }
        return new Failure(Kind.FAILED, message, "see tp list and tp intercept --help");
    }

    private InterceptSpec spec(Part part) {
        var spec = part.spec;
        return InterceptSpec.newBuilder()
                .setName(part.wireName)
                .setClient(clientName)
                .setAgent(spec.workload())
                .setMechanism(spec.mechanism())
                .setTargetHost(spec.address())
                .setTargetPort(part.port.local())
                .setNamespace(spec.namespace())
                .setPortIdentifier(part.port.wireIdentifier())
                .setServiceName(spec.service())
                .setProtocol(part.port.protocol())
                .setReplace(spec.kind() == EngagementKind.REPLACE)
                .setContainerName(spec.container())
                .setWiretap(spec.kind() == EngagementKind.WIRETAP)
                .setRoundtripLatency(latency.toNanos())
                .setDialTimeout(dialTimeout.toNanos())
                .putAllHeaderFilters(spec.filter().headers())
                .addAllPathFilters(spec.filter().paths())
                .addAllHttpMethods(spec.filter().methods())
                .build();
    }

    private static InterceptSpec completed(InterceptSpec wanted, PreparedIntercept prepared) {
        var spec = wanted.toBuilder()
                .setServiceUid(prepared.getServiceUid())
                .setServiceName(
                        prepared.getServiceName().isEmpty() ? wanted.getServiceName() : prepared.getServiceName())
                .setServicePortName(prepared.getServicePortName())
                .setServicePort(prepared.getServicePort())
                .setWorkloadKind(prepared.getWorkloadKind())
                .setContainerName(prepared.getContainerName())
                .setContainerPort(prepared.getContainerPort());
        if (!prepared.getNamespace().isEmpty()) {
            spec.setNamespace(prepared.getNamespace());
        }
        if (!prepared.getProtocol().isEmpty()) {
            spec.setProtocol(prepared.getProtocol());
        }
        return spec.build();
    }

    /** Removes it as far as the manager can be told; what it keeps is removed at the next look. */
    void remove(Attachment attachment, String wireName) {
        try {
            attachment.call(
                    "leave " + wireName,
                    attachment
                            .manage()
                            .removeIntercept(RemoveInterceptRequest2.newBuilder()
                                    .setSession(attachment.session())
                                    .setName(wireName)
                                    .build()));
        } catch (Failure e) {
            if (e.kind() != Kind.NOT_FOUND) {
                LOG.infof("engagement not removed yet name=%s cause=\"%s\"", wireName, e.message());
            }
        }
    }
}
