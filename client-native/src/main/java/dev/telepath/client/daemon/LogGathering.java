package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.kubernetes.ClusterWay;
import dev.telepath.client.kubernetes.PodYaml;
import dev.telepath.client.logs.LogBundle;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Target;
import dev.telepath.client.workload.Roster;
import dev.telepath.client.workload.Share;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.GetLogsRequest;
import dev.telepath.protocol.telepresence.manager.LogsResponse;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Collects logs of client, manager and agents into one zip. What cannot be had is told, not a failure. Blocks. */
final class LogGathering {
    private final Path logs;
    private final String version;
    private final Settings settings;
    private final Optional<Engine> engine;

    LogGathering(Path logs, String version, Settings settings, Optional<Engine> engine) {
        this.logs = logs;
        this.settings = settings;
        this.version = version;
        this.engine = engine;
    }

    JsonNode gather(Path file, JsonNode args, Caller caller) {
        ObjectNode result = Wire.JSON.createObjectNode().put("file", file.toString());
        ArrayNode missing = result.putArray("missing");
        try (var bundle = LogBundle.create(file)) {
            bundle.add("version.txt", "tp " + version + "\n");
            bundle.addFolder("client/", logs);
            Optional<Attachment> attachment =
                    engine.flatMap(open -> open.session().attachment());
            if (attachment.isEmpty()) {
                missing.add("manager and agents: not connected");
            } else {
                if (args.path("manager").asBoolean(true)) {
                    caller.progress("asking the manager for its logs");
                    manager(attachment.get(), bundle, missing);
                }
                if (args.path("agents").asBoolean(true)) {
                    caller.progress("asking the agents for their logs");
                    agents(attachment.get(), bundle, missing);
                }
            }
            if (args.path("podYaml").asBoolean(false)) {
                caller.progress("asking the API server for pods");
                pods(bundle, missing);
            }
            bundle.finish();
        }
        return result;
    }

    private void pods(LogBundle bundle, ArrayNode missing) {
        Optional<Target> target = engine.map(open -> open.session().target());
        if (target.isPresent() && target.get().way() instanceof ClusterWay way) {
            PodYaml.collect(
                    way,
                    settings,
                    target.get().namespace(),
                    (name, yaml) -> bundle.add("pods/" + safe(name) + ".yaml", yaml),
                    (what, why) -> missing.add(what + ": " + why));
        } else {
            missing.add("pods: not connected by a kubeconfig");
        }
    }

    private static void manager(Attachment attachment, LogBundle bundle, ArrayNode missing) {
        var request = GetLogsRequest.newBuilder()
                .setTrafficManager(true)
                .setAgents("all")
                .build();
        try {
            LogsResponse answer = attachment.call(
                    "get the manager's logs",
                    attachment
                            .capabilities()
                            .call(
                                    Capability.LOGS,
                                    () -> attachment.manage().getLogs(request),
                                    () -> Uni.createFrom()
                                            .item(LogsResponse.newBuilder()
                                                    .setErrMsg("the manager does not hand out logs")
                                                    .build())));
            answer.getPodLogsMap().forEach((name, text) -> bundle.add("cluster/" + safe(name) + ".log", text));
            if (answer.getPodLogsCount() == 0) {
                missing.add("manager: " + (answer.getErrMsg().isEmpty() ? "it gave none" : answer.getErrMsg()));
            }
        } catch (Failure e) {
            missing.add("manager: " + e.message());
        }
    }

    private void agents(Attachment attachment, LogBundle bundle, ArrayNode missing) {
        Set<String> seen = new HashSet<>();
        for (AgentInfo agent : Roster.agents(attachment)) {
            if (!seen.add(agent.getNamespace() + "/" + agent.getName()) || engine.isEmpty()) {
                continue;
            }
            try {
                Optional<Offering> offering = Share.describe(attachment, agent.getNamespace(), agent.getName());
                if (offering.isEmpty() || !offering.get().hasShare()) {
                    missing.add("agent " + agent.getName() + ": it lends no logs");
                    continue;
                }
                bundle.add(
                        "agents/" + safe(agent.getName()) + ".log",
                        engine.get().share().logs(offering.get().getShare()));
            } catch (IOException | Failure e) {
                missing.add("agent " + agent.getName() + ": " + e.getMessage());
            }
        }
    }

    private static String safe(String name) {
        return name.replaceAll("[^A-Za-z0-9._-]", "_");
    }
}
