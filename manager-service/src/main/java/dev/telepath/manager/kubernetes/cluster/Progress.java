package dev.telepath.manager.kubernetes.cluster;

import dev.telepath.protocol.telepresence.manager.WorkloadInfo.State;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether a workload is what it should be, as its status tells. Pure. */
final class Progress {
    private Progress() {}

    static State of(Deployment one) {
        var status = one.getStatus();
        if (status == null) {
            return State.PROGRESSING;
        }
        for (DeploymentCondition condition : status.getConditions()) {
            boolean late = condition.getType().equals("Progressing")
                    && condition.getStatus().equals("False");
            boolean failed = condition.getType().equals("ReplicaFailure")
                    && condition.getStatus().equals("True");
            if (late || failed) {
                return State.FAILURE;
            }
        }
        int wanted = number(one.getSpec().getReplicas(), 1);
        boolean seen = number(status.getObservedGeneration(), 0)
                >= number(one.getMetadata().getGeneration(), 0);
        boolean settled = number(status.getUpdatedReplicas(), 0) >= wanted
                && number(status.getReplicas(), 0) <= wanted
                && number(status.getAvailableReplicas(), 0) >= wanted;
        return seen && settled ? State.AVAILABLE : State.PROGRESSING;
    }

    /** Why no pods are made. */
    static Optional<String> failure(Deployment one) {
        return one.getStatus() == null
                ? Optional.empty()
                : one.getStatus().getConditions().stream()
                        .filter(condition -> condition.getType().equals("ReplicaFailure")
                                && condition.getStatus().equals("True"))
                        .map(DeploymentCondition::getMessage)
                        .findFirst();
    }

    static Optional<String> failure(ReplicaSet one) {
        return one.getStatus() == null
                ? Optional.empty()
                : one.getStatus().getConditions().stream()
                        .filter(condition -> condition.getType().equals("ReplicaFailure")
                                && condition.getStatus().equals("True"))
                        .map(io.fabric8.kubernetes.api.model.apps.ReplicaSetCondition::getMessage)
                        .findFirst();
    }

    static State of(StatefulSet one) {
        var status = one.getStatus();
        if (status == null) {
            return State.PROGRESSING;
        }
        int wanted = number(one.getSpec().getReplicas(), 1);
        boolean seen = number(status.getObservedGeneration(), 0)
                >= number(one.getMetadata().getGeneration(), 0);
        boolean settled = number(status.getReadyReplicas(), 0) >= wanted
                && (status.getUpdateRevision() == null
                        || status.getUpdateRevision().equals(status.getCurrentRevision())
                        || number(status.getUpdatedReplicas(), 0) >= wanted);
        return seen && settled ? State.AVAILABLE : State.PROGRESSING;
    }

    static State of(DaemonSet one) {
        var status = one.getStatus();
        if (status == null) {
            return State.PROGRESSING;
        }
        int wanted = number(status.getDesiredNumberScheduled(), 0);
        boolean seen = number(status.getObservedGeneration(), 0)
                >= number(one.getMetadata().getGeneration(), 0);
        boolean settled =
                number(status.getNumberReady(), 0) >= wanted && number(status.getUpdatedNumberScheduled(), 0) >= wanted;
        return seen && settled ? State.AVAILABLE : State.PROGRESSING;
    }

    static State of(ReplicaSet one) {
        if (failure(one).isPresent()) {
            return State.FAILURE;
        }
        int ready = one.getStatus() == null ? 0 : number(one.getStatus().getReadyReplicas(), 0);
        return ready >= number(one.getSpec().getReplicas(), 1) ? State.AVAILABLE : State.PROGRESSING;
    }

    /** Of an Argo Rollout. */
    static State ofPhase(@Nullable Object phase) {
        return switch (String.valueOf(phase)) {
            case "Healthy" -> State.AVAILABLE;
            case "Degraded" -> State.FAILURE;
            default -> State.PROGRESSING;
        };
    }

    private static int number(@Nullable Number value, int otherwise) {
        return value == null ? otherwise : value.intValue();
    }
}
