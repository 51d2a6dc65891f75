package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.engagement.EngagementSpec;
import dev.telepath.client.engagement.EngagementView;
import dev.telepath.client.engagement.LocalTarget;
import dev.telepath.client.engagement.PortMapping;
import dev.telepath.client.engagement.RequestFilter;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.proxy.PodForward;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.workload.EnvironmentRules;
import dev.telepath.client.workload.Roster;
import dev.telepath.client.workload.Share;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.EnsureAgentRequest;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The commands intercept, replace, wiretap, ingest and leave. On virtual threads; blocks. */
final class Engaging {
    private final Engine engine;
    private final Settings settings;
    private final Map<String, List<PodForward>> forwards = new HashMap<>();
    /** Folders that were made for one engagement and go with it. */
    private final Map<String, Path> mounts = new ConcurrentHashMap<>();

    Engaging(Engine engine, Settings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    JsonNode engage(JsonNode args, Caller caller) {
        EngagementSpec asked = spec(args);
        Attachment attachment = engine.session().required();
        EngagementSpec spec = withPorts(asked, attachment, caller);
        ObjectNode result = Wire.JSON.createObjectNode();
        ArrayNode warnings = result.putArray("warnings");
        if (spec.kind() == EngagementKind.INGEST) {
            caller.progress("asking for " + spec.workload());
            ensureAgent(attachment, spec);
            engine.engagements().hold(spec);
        } else {
            warnAboutSilence(spec, warnings);
            caller.progress("waiting for an agent of " + spec.workload() + " to take the engagement");
            engine.engagements().engage(attachment, spec, settings.duration(Setting.TIMEOUT_INTERCEPT), caller::gone);
        }
        if (args.path("mountOwned").asBoolean(false)) {
            mounts.put(spec.name(), Path.of(args.path("mount").asText()));
        }
        try {
            describe(attachment, spec, args, result, warnings, caller);
            forward(spec, args);
            if (caller.gone()) {
                throw new Failure(Kind.INTERRUPTED, "interrupted", "");
            }
        } catch (RuntimeException e) {
            leave(spec.name());
            throw e;
        }
        if (args.path("hold").asBoolean(false)) {
            caller.onGone(() -> leave(spec.name()));
        }
        return result;
    }

    private EngagementSpec spec(JsonNode args) {
        String name = args.path("name").asText("");
        if (name.isEmpty()) {
            throw new Failure(Kind.USAGE, "the name of the workload is missing", "tp intercept NAME --port 8080");
        }
        List<PortMapping> ports = new ArrayList<>();
        args.path("ports").forEach(port -> ports.add(PortMapping.parse(port.asText())));
        String workload = args.path("workload").asText("");
        String namespace = args.path("namespace").asText("");
        return new EngagementSpec(
                name,
                workload.isEmpty() ? name : workload,
                EngagementKind.valueOf(args.path("kind").asText("INTERCEPT")),
                args.path("container").asText(""),
                namespace.isEmpty() ? engine.session().target().namespace() : namespace,
                args.path("service").asText(""),
                args.path("address").asText("127.0.0.1"),
                args.path("mechanism").asText("tcp"),
                ports,
                RequestFilter.read(args.path("filter")),
                args.path("hold").asBoolean(false));
    }

    /** A replacement without ports is one of all ports, which the manager knows once the container is away. */
    private EngagementSpec withPorts(EngagementSpec asked, Attachment attachment, Caller caller) {
        if (asked.kind() != EngagementKind.REPLACE || !asked.ports().isEmpty()) {
            return asked;
        }
        caller.progress("waiting for an agent in the place of " + asked.workload());
        return engine.engagements().withEveryPort(attachment, asked);
    }

    private static void warnAboutSilence(EngagementSpec spec, ArrayNode warnings) {
        for (PortMapping port : spec.ports()) {
            if (port.protocol().equals("TCP") && !LocalTarget.listens(spec.address(), port.local())) {
                warnings.add("nothing listens on " + spec.address() + ":" + port.local()
                        + " yet; connections are refused until something does");
            }
        }
    }

    /** Where the manager can bring an agent, it does; where it cannot, an agent must be there already. */
    private void ensureAgent(Attachment attachment, EngagementSpec spec) {
        var request = EnsureAgentRequest.newBuilder()
                .setSession(attachment.session())
                .setName(spec.workload())
                .build();
        try {
            attachment.call(
                    "ingest " + spec.workload(),
                    attachment
                            .capabilities()
                            .call(
                                    Capability.ENSURE_AGENT,
                                    () -> attachment
                                            .manage()
                                            .ensureAgent(request)
                                            .map(ok -> true),
                                    () -> Uni.createFrom().item(true)));
        } catch (Failure e) {
            throw e.kind() == Kind.NOT_FOUND
                    ? engine.roster().missing(spec.workload(), spec.namespace(), e.message())
                    : e;
        }
        if (agent(attachment, spec).isEmpty()) {
            throw engine.roster().missing(spec.workload(), spec.namespace(), "no agent of it is attached");
        }
    }

    private static Optional<AgentInfo> agent(Attachment attachment, EngagementSpec spec) {
        return Roster.agents(attachment).stream()
                .filter(each -> each.getName().equals(spec.workload())
                        && (each.getNamespace().isEmpty() || each.getNamespace().equals(spec.namespace())))
                .findFirst();
    }

    private void describe(
            Attachment attachment,
            EngagementSpec spec,
            JsonNode args,
            ObjectNode result,
            ArrayNode warnings,
            Caller caller) {
        for (EngagementView view : engine.engagements().views()) {
            if (view.name().equals(spec.name())) {
                Views.engagement(result, view);
            }
        }
        ArrayNode parts = result.putArray("ports");
        engine.engagements().views().stream()
                .filter(view -> view.engagement().equals(spec.name()) && view.localPort() > 0)
                .forEach(view -> Views.engagement(parts.addObject(), view));
        Optional<InterceptInfo> info = engine.engagements().info(spec.name());
        info.ifPresent(known -> result.put("id", known.getId())
                .put("workload_kind", known.getSpec().getWorkloadKind())
                .put("container_name", known.getSpec().getContainerName())
                .put("filter_desc", known.getMechanismArgsDesc()));
        Optional<Offering> offering = Share.describe(attachment, spec.namespace(), spec.workload());
        String root = mount(args, offering, result, warnings, caller);
        Map<String, String> variables =
                new HashMap<>(info.map(InterceptInfo::getEnvironmentMap).orElse(Map.of()));
        if (spec.kind() == EngagementKind.INGEST) {
            agent(attachment, spec).ifPresent(agent -> {
                variables.putAll(agent.getEnvironmentMap());
                agent.getContainersMap().values().forEach(each -> variables.putAll(each.getEnvironmentMap()));
            });
        }
        offering.ifPresent(known -> variables.putAll(known.getEnvironmentMap()));
        ObjectNode environment = result.putObject("environment");
        EnvironmentRules.forLocalProcess(
                        variables,
                        info.map(known -> known.getSpec().getContainerName()).orElse(""),
                        root,
                        offering.map(known ->
                                        (Iterable<String>) known.getShare().getPathsList())
                                .orElse(List.of()))
                .forEach(environment::put);
    }

    private String mount(
            JsonNode args, Optional<Offering> offering, ObjectNode result, ArrayNode warnings, Caller caller) {
        String folder = args.path("mount").asText("");
        if (folder.isEmpty()) {
            return "";
        }
        if (offering.isEmpty()
                || !offering.get().hasShare()
                || offering.get().getShare().getPathsCount() == 0) {
            warnings.add("the workload lends no files, nothing was mounted");
            return "";
        }
        caller.progress("copying files to " + folder);
        engine.share().copy(offering.get().getShare(), Path.of(folder));
        ObjectNode mount = result.putObject("mount").put("local_dir", folder).put("read_only", true);
        ArrayNode mounts = mount.putArray("mounts");
        offering.get().getShare().getPathsList().forEach(mounts::add);
        return folder;
    }

    private void forward(EngagementSpec spec, JsonNode args) {
        List<PodForward> mine = new ArrayList<>();
        synchronized (forwards) {
            forwards.put(spec.name(), mine);
        }
        String pod = engine.engagements()
                .info(spec.name())
                .map(InterceptInfo::getPodIp)
                .orElse("");
        for (JsonNode port : args.path("toPod")) {
            PortMapping mapping = PortMapping.parse(port.asText());
            if (pod.isEmpty()) {
                throw new Failure(Kind.FAILED, "--to-pod: the agent told no pod address", "leave --to-pod out");
            }
            PodForward forward = PodForward.listen(mapping.local(), pod, engine.loops(), engine.outbound());
            synchronized (forwards) {
                mine.add(forward);
            }
        }
    }

    /** Whether there was one. */
    boolean leave(String name) {
        List<PodForward> mine;
        synchronized (forwards) {
            mine = forwards.remove(name);
        }
        if (mine != null) {
            mine.forEach(PodForward::close);
        }
        Path mount = mounts.remove(name);
        if (mount != null) {
            Share.remove(mount);
        }
        return engine.engagements().leave(engine.session().attachment(), name);
    }

    void close() {
        synchronized (forwards) {
            forwards.values().forEach(all -> all.forEach(PodForward::close));
            forwards.clear();
        }
        mounts.values().forEach(Share::remove);
        mounts.clear();
    }
}
