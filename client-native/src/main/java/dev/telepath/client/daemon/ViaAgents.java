package dev.telepath.client.daemon;

import dev.telepath.client.control.Caller;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.network.ProxyVia;
import dev.telepath.client.session.Attachment;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.protocol.v1.MutinyWorkloadsGrpc;
import dev.telepath.protocol.v1.WorkloadRequest;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** The agents of those workloads that dial for a connection alone. */
final class ViaAgents {
    private static final Logger LOG = Logger.getLogger(ViaAgents.class);

    private ViaAgents() {}

    /** Whether the manager has only agents of one workload dial where that is asked for; without one attached nobody knows. */
    static boolean isTooOld(Attachment attachment) {
        return attachment.capabilities().of(Capability.VIA_WORKLOAD) != Support.SUPPORTED;
    }

    /**
     * Has each workload an agent, by the manager where there is none yet. Blocks.
     *
     * @param patience for each of them
     * @throws Failure before any is brought when one is unknown; when one does not come, or may not be engaged
     */
    static void bring(Engine engine, Attachment attachment, Duration patience, Caller caller) {
        List<String> workloads =
                engine.via().asked().stream().map(ProxyVia::workload).distinct().toList();
        if (workloads.isEmpty()) {
            return;
        }
        if (isTooOld(attachment)) {
            LOG.warnf(
                    "cannot dial via a workload: manager too old manager=\"%s\" workloads=%s",
                    attachment.capabilities().peer(), workloads);
            return;
        }
        String namespace = engine.session().target().namespace();
        Set<String> known = engine.roster().look(attachment, namespace).stream()
                .map(WorkloadInfo::getName)
                .collect(Collectors.toSet());
        for (String workload : workloads) {
            if (!known.contains(workload)) {
                throw engine.roster().missing(workload, namespace, "--proxy-via");
            }
        }
        for (String workload : workloads) {
            caller.progress("waiting for an agent of " + workload);
            bring(engine, attachment, patience, namespace, workload);
        }
    }

    private static void bring(
            Engine engine, Attachment attachment, Duration patience, String namespace, String workload) {
        try {
            attachment.call(
                    "dial via " + workload,
                    MutinyWorkloadsGrpc.newMutinyStub(attachment.channel())
                            .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS)
                            .bring(WorkloadRequest.newBuilder()
                                    .setSessionId(attachment.session().getSessionId())
                                    .setNamespace(namespace)
                                    .setName(workload)
                                    .build()),
                    patience);
        } catch (Failure e) {
            throw e.kind() == Kind.NOT_FOUND ? engine.roster().missing(workload, namespace, e.message()) : e;
        }
    }
}
