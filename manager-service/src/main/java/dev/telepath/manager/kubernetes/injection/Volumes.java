package dev.telepath.manager.kubernetes.injection;

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
 * Volumes of a container, mounted read-only at the same paths in the agent beside it, which lends them. Pure.
 *
 * @param mounts for the agent
 * @param skipped paths that are not lent, with the reason
 */
record Volumes(List<VolumeMount> mounts, List<String> skipped) {
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

    static Volumes of(Pod pod, Container app, Wish wish) {
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
                        .withReadOnly(true)
                        .build());
            }
        }
        return new Volumes(List.copyOf(mounts), List.copyOf(skipped));
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
