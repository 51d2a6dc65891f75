package dev.telepath.manager.service;

import dev.telepath.protocol.telepresence.manager.WorkloadInfo;

/** Kinds of workloads as Kubernetes writes them. */
final class Kinds {
    private Kinds() {}

    static String name(WorkloadInfo.Kind kind) {
        return switch (kind) {
            case REPLICASET -> "ReplicaSet";
            case STATEFULSET -> "StatefulSet";
            case ROLLOUT -> "Rollout";
            case DEPLOYMENT, UNRECOGNIZED -> "Deployment";
            // The protocol has no word for it.
            case UNSPECIFIED -> "DaemonSet";
        };
    }
}
