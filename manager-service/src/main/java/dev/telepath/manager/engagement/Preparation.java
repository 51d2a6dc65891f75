package dev.telepath.manager.engagement;

import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.Workload;
import dev.telepath.manager.workload.WorkloadProvider;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.tunnel.filter.InvalidFilter;
import dev.telepath.tunnel.filter.SpecFilter;
import io.grpc.Status;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Completes what a client asks for: namespace, workload, port. Thread-safe. */
@Singleton
public final class Preparation {
    private static final int MAX_SPEC = 64 * 1024;
    private static final int MAX_NAME = 253;

    private final WorkloadProvider workloads;
    private final Engagements engagements;

    @Inject
    public Preparation(WorkloadProvider workloads, Engagements engagements) {
        this.workloads = workloads;
        this.engagements = engagements;
    }

    /** What came of it. */
    public sealed interface Outcome {
        /** It can be engaged with this spec. */
        record Ready(InterceptSpec spec, Workload workload) implements Outcome {}

        /** It cannot; the text tells the user why and what to do. */
        record UserError(String text) implements Outcome {}
    }

    /** The workload that a client means. */
    public WorkloadKey workload(ClientSession client, InterceptSpec asked) {
        InterceptSpec spec = completed(client, asked);
        return new WorkloadKey(spec.getNamespace(), spec.getAgent());
    }

    /** Why a container of the workload cannot be stopped for this client; empty when it can. */
    public Optional<String> obstacle(ClientSession client, InterceptSpec asked) {
        InterceptSpec spec = completed(client, asked);
        var key = new WorkloadKey(spec.getNamespace(), spec.getAgent());
        if (spec.getWiretap()) {
            return Optional.of("a wiretap leaves the workload as it is; replace it, or tap it");
        }
        return workloads.find(client.owner(), key).isEmpty()
                ? Optional.of(unknown(client, key))
                : engagements.holder(client, spec).map(holder -> Engagements.heldBy(holder, spec));
    }

    /** Prepares, without changing anything. */
    public Outcome prepare(ClientSession client, InterceptSpec asked) {
        InterceptSpec spec = completed(client, asked);
        var key = new WorkloadKey(spec.getNamespace(), spec.getAgent());
        Optional<Workload> found = workloads.find(client.owner(), key);
        if (found.isEmpty()) {
            return new Outcome.UserError(unknown(client, key));
        }
        return switch (PortChoice.of(everyPort(spec, found.get()), found.get())) {
            case PortChoice.Wrong(String problem) -> new Outcome.UserError(problem);
            case PortChoice.Chosen(InterceptSpec chosen) ->
                engagements
                        .holder(client, chosen)
                        .<Outcome>map(holder -> new Outcome.UserError(Engagements.heldBy(holder, chosen)))
                        .orElse(new Outcome.Ready(chosen, found.get()));
        };
    }

    /**
     * A replaced container's ports go together: where none is named, the first is the main one and the others are told as
     * further ones, each to the same port of the client.
     */
    private static InterceptSpec everyPort(InterceptSpec spec, Workload workload) {
        boolean named = !spec.getPortIdentifier().isEmpty()
                || spec.getContainerPort() != 0
                || !spec.getServiceName().isEmpty();
        if (!spec.getReplace() || named || workload.ports().isEmpty()) {
            return spec;
        }
        var all = spec.toBuilder().clearPodPorts();
        workload.ports().stream()
                .skip(1)
                .map(port -> port.getPort() + ":" + port.getPort() + "/"
                        + (port.getProtocol().isEmpty() ? "TCP" : port.getProtocol()))
                .forEach(all::addPodPorts);
        Offering.Port first = workload.ports().getFirst();
        return all.setContainerPort(first.getPort())
                .setProtocol(first.getProtocol().isEmpty() ? "TCP" : first.getProtocol())
                .build();
    }

    /** The spec to create: completed as far as the workload is known. */
    public InterceptSpec resolve(ClientSession client, InterceptSpec asked) {
        InterceptSpec spec = completed(client, asked);
        Optional<Workload> found =
                workloads.find(client.owner(), new WorkloadKey(spec.getNamespace(), spec.getAgent()));
        if (found.isEmpty()) {
            return spec;
        }
        return switch (PortChoice.of(spec, found.get())) {
            case PortChoice.Chosen(InterceptSpec chosen) -> chosen;
            case PortChoice.Wrong(String problem) ->
                throw Status.FAILED_PRECONDITION.withDescription(problem).asRuntimeException();
        };
    }

    private static InterceptSpec completed(ClientSession client, InterceptSpec spec) {
        if (spec.getSerializedSize() > MAX_SPEC) {
            throw invalid("intercept_spec is larger than " + MAX_SPEC + " bytes");
        }
        if (spec.getName().isEmpty() || spec.getName().length() > MAX_NAME) {
            throw invalid("intercept_spec.name has 1 to " + MAX_NAME + " characters");
        }
        if (spec.getName().chars().anyMatch(Character::isISOControl)) {
            throw invalid("intercept_spec.name has control characters");
        }
        if (spec.getTargetPort() < 0 || spec.getTargetPort() > 65535) {
            throw invalid("intercept_spec.target_port is out of range");
        }
        try {
            SpecFilter.of(spec);
        } catch (InvalidFilter e) {
            throw invalid(String.valueOf(e.getMessage()));
        }
        var builder = spec.toBuilder();
        if (spec.getNamespace().isEmpty()) {
            builder.setNamespace(client.namespace());
        }
        if (spec.getAgent().isEmpty()) {
            builder.setAgent(spec.getName());
        }
        if (spec.getMechanism().isEmpty()) {
            builder.setMechanism("tcp");
        }
        if (spec.getTargetHost().isEmpty()) {
            builder.setTargetHost("127.0.0.1");
        }
        // The name under which others see the holder is the manager's to say.
        return builder.setClient(client.info().getName()).build();
    }

    private String unknown(ClientSession client, WorkloadKey key) {
        List<Workload> known = workloads.list(client.owner(), key.namespace());
        String attached = known.isEmpty()
                ? "no workload has an agent there"
                : "attached are: "
                        + known.stream().limit(20).map(one -> one.key().name()).collect(Collectors.joining(", "));
        return "no workload " + key + "; " + attached + ". Check the name with: tp list, or start its agent with: "
                + "telepath-agent --name " + key.name();
    }

    private static RuntimeException invalid(String why) {
        return Status.INVALID_ARGUMENT.withDescription(why).asRuntimeException();
    }
}
