package dev.telepath.client.workload;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Which of a workload's variables a local process gets, and which are added. Pure. */
public final class EnvironmentRules {
    private static final Set<String> OF_THE_MACHINE = Set.of("HOME", "PATH", "HOSTNAME");

    private EnvironmentRules() {}

    /**
     * @param workload the workload's own variables
     * @param container name of the container they are of; may be empty
     * @param root where its files are copied to; empty when they are not
     * @param mounts the paths that are lent
     */
    public static Map<String, String> forLocalProcess(
            Map<String, String> workload, String container, String root, Iterable<String> mounts) {
        Map<String, String> all = new TreeMap<>(workload);
        all.keySet().removeAll(OF_THE_MACHINE);
        if (!container.isEmpty()) {
            all.put("TELEPRESENCE_CONTAINER", container);
        }
        String paths = String.join(":", mounts);
        if (!paths.isEmpty()) {
            all.put("TELEPRESENCE_MOUNTS", paths);
        }
        if (!root.isEmpty()) {
            all.put("TELEPRESENCE_ROOT", root);
            var local = new StringBuilder();
            for (String mount : mounts) {
                local.append(local.isEmpty() ? "" : ":").append(root).append(mount);
            }
            all.put("TELEPRESENCE_LOCAL_MOUNTS", local.toString());
        }
        return all;
    }
}
