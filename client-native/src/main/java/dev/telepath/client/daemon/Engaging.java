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
import dev.telepath.client.engagement.LocalAccess;
import dev.telepath.client.engagement.LocalTarget;
import dev.telepath.client.engagement.PortMapping;
import dev.telepath.client.engagement.RequestFilter;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.workload.EnvironmentRules;
import dev.telepath.client.workload.Roster;
import dev.telepath.client.workload.Share;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.v1.Offering;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The commands intercept, replace, wiretap, ingest and leave. On virtual threads; blocks. */
final class Engaging {
    private final Engine engine;
    private final Settings settings;
    private final Openings openings;

    Engaging(Engine engine, Settings settings, Journal journal) {
        this.engine = engine;
        this.settings = settings;
        this.openings = new Openings(engine, settings, journal, System.getenv());
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
        openings.begin(spec);
        try {
            describe(attachment, spec, result, warnings, caller);
            openings.forward(spec);
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
                LocalAccess.read(args),
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
        try {
            Lending.ingest(attachment, spec);
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
            Attachment attachment, EngagementSpec spec, ObjectNode result, ArrayNode warnings, Caller caller) {
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
        String root = mount(spec, offering, result, warnings, caller);
        Map<String, String> variables =
                new HashMap<>(info.map(InterceptInfo::getEnvironmentMap).orElse(Map.of()));
        if (spec.kind() == EngagementKind.INGEST) {
            agent(attachment, spec).ifPresent(agent -> {
                variables.putAll(agent.getEnvironmentMap());
                agent.getContainersMap().values().forEach(each -> variables.putAll(each.getEnvironmentMap()));
            });
        }
        offering.ifPresent(known -> variables.putAll(known.getEnvironmentMap()));
        Offering.Share share = offering.map(Offering::getShare).orElseGet(Offering.Share::getDefaultInstance);
        ObjectNode environment = result.putObject("environment");
        EnvironmentRules.forLocalProcess(
                        variables,
                        info.map(known -> known.getSpec().getContainerName()).orElse(""),
                        root,
                        share.getPathsList(),
                        share.getLocalPathsList())
                .forEach(environment::put);
    }

    private String mount(
            EngagementSpec spec, Optional<Offering> offering, ObjectNode result, ArrayNode warnings, Caller caller) {
        String folder = spec.access().mount();
        if (folder.isEmpty()) {
            return "";
        }
        if (offering.isEmpty()
                || !offering.get().hasShare()
                || offering.get().getShare().getPathsCount() == 0) {
            warnings.add("the workload lends no files, nothing was mounted");
            return "";
        }
        caller.progress("bringing files to " + folder);
        Optional<String> obstacle = openings.mount(spec, offering.get().getShare());
        obstacle.filter(why -> !spec.access().copied())
                .ifPresent(why -> warnings.add("files were copied once and not mounted: " + why + "; tp files "
                        + spec.name() + " " + folder + " copies again"));
        List<String> writable =
                obstacle.isEmpty() ? Openings.writable(spec, offering.get().getShare()) : List.of();
        ObjectNode mount = Views.mount(result, folder, obstacle.isEmpty(), writable);
        ArrayNode mounts = mount.putArray("mounts");
        offering.get().getShare().getPathsList().forEach(mounts::add);
        return folder;
    }

    /** Whether there was one. */
    boolean leave(String name) {
        openings.close(name);
        return engine.engagements().leave(engine.session().attachment(), name);
    }

    /** Adds to the engagements of a status what each has opened here. */
    void describeOpenings(JsonNode engagements) {
        for (JsonNode row : engagements) {
            openings.shown(row.path("name").asText())
                    .ifPresent(shown ->
                            Views.openings((ObjectNode) row, shown.access(), shown.mounted(), shown.writable()));
        }
    }

    /** Opens again what an earlier daemon's engagements had opened here. */
    void restore(List<EngagementSpec> specs) {
        openings.restore(specs);
    }

    /**
     * @param left whether a later daemon is to take the engagements over
     */
    void close(boolean left) {
        openings.close(left);
    }
}
