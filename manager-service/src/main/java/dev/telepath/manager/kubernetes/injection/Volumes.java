package dev.telepath.manager.kubernetes.injection;

import dev.telepath.manager.kubernetes.injection.MountPolicies.Policy;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Volumes of a container, mounted at the same paths in the agent beside it, which lends them: for reading, or for writing
 * where a policy says so and the volume is of a kind that can be written to. Pure.
 *
 * @param mounts for the agent
 * @param local paths that are not lent, and that who runs in the container's place is to have of its own
 * @param skipped paths that are not lent, with the reason
 */
record Volumes(List<VolumeMount> mounts, List<String> local, List<String> skipped) {
    private static final Path SCRATCH = Path.of("/tmp");

    /** What the agent's own image and mounts need; nothing may lie over it. */
    private static final List<Path> AGENTS_OWN = List.of(
            Path.of("/lib"),
            Path.of("/lib64"),
            Path.of("/usr/lib"),
            Path.of("/jre"),
            Path.of("/telepath"),
            Path.of("/proc"),
            Path.of("/sys"),
            Path.of("/dev"),
            Path.of("/tmp"),
            Path.of("/etc/passwd"),
            Path.of("/etc/hosts"),
            Path.of("/etc/resolv.conf"),
            Path.of(AgentContainer.TOKEN_DIRECTORY));

    /**
     * @param defaults where the pod's annotations say nothing
     */
    static Volumes of(Pod pod, Container app, Wish wish, MountPolicies defaults) {
        var local = new ArrayList<String>();
        var mounts = new ArrayList<VolumeMount>();
        var skipped = new ArrayList<String>();
        Map<String, Volume> volumes = new HashMap<>();
        for (Volume volume : pod.getSpec().getVolumes() == null
                ? List.<Volume>of()
                : pod.getSpec().getVolumes()) {
            volumes.put(volume.getName(), volume);
        }
        List<VolumeMount> wanted =
                wish.noVolumes() || app.getVolumeMounts() == null ? List.of() : app.getVolumeMounts();
        for (VolumeMount mount : wanted) {
            Volume volume = volumes.get(mount.getName());
            if (volume == null || wish.ignoredVolumes().contains(mount.getName())) {
                continue;
            }
            Policy policy = wish.policies()
                    .of(mount.getName(), mount.getMountPath())
                    .or(() -> defaults.of(mount.getName(), mount.getMountPath()))
                    .orElse(Policy.REMOTE_READ_ONLY);
            // The agent has a volume of its own there, so that it can be nothing else.
            if (policy == Policy.LOCAL || (policy != Policy.IGNORE && isScratch(mount))) {
                local.add(mount.getMountPath());
                continue;
            }
            if (policy == Policy.IGNORE) {
                continue;
            }
            if (!lendable(volume)) {
                skipped.add(mount.getMountPath() + ": a volume of this kind is not lent");
            } else if (mount.getSubPathExpr() != null) {
                skipped.add(mount.getMountPath() + ": subPathExpr is the container's own");
            } else if (hides(mount.getMountPath())) {
                skipped.add(mount.getMountPath() + ": the agent needs what is there");
            } else {
                mounts.add(new VolumeMountBuilder()
                        .withName(mount.getName())
                        .withMountPath(mount.getMountPath())
                        .withSubPath(mount.getSubPath())
                        .withReadOnly(policy != Policy.REMOTE || !writable(volume, mount))
                        .build());
            }
        }
        return new Volumes(List.copyOf(mounts), List.copyOf(local), List.copyOf(skipped));
    }

    private static boolean isScratch(VolumeMount mount) {
        return Path.of(mount.getMountPath()).normalize().equals(SCRATCH);
    }

    /** Whether the container itself may write there; ConfigMaps and their like nobody may. */
    private static boolean writable(Volume volume, VolumeMount mount) {
        if (Boolean.TRUE.equals(mount.getReadOnly())) {
            return false;
        }
        return volume.getEmptyDir() != null
                || volume.getEphemeral() != null
                || (volume.getPersistentVolumeClaim() != null
                        && !Boolean.TRUE.equals(
                                volume.getPersistentVolumeClaim().getReadOnly()));
    }

    private static boolean lendable(Volume volume) {
        return volume.getConfigMap() != null
                || volume.getSecret() != null
                || volume.getProjected() != null
                || volume.getDownwardAPI() != null
                || volume.getEmptyDir() != null
                || volume.getEphemeral() != null
                || volume.getPersistentVolumeClaim() != null;
    }

    private static boolean hides(String mountPath) {
        Path path = Path.of(mountPath).normalize();
        return AGENTS_OWN.stream()
                .anyMatch(own -> own.startsWith(path) || (path.startsWith(own) && !path.startsWith("/tmp")));
    }
}
