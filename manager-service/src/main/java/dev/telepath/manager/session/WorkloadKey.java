package dev.telepath.manager.session;

/** A workload by name. */
public record WorkloadKey(String namespace, String name) implements Comparable<WorkloadKey> {
    @Override
    public int compareTo(WorkloadKey other) {
        int byNamespace = namespace.compareTo(other.namespace);
        return byNamespace != 0 ? byNamespace : name.compareTo(other.name);
    }

    /** {@code name (namespace ns)}, for people. */
    @Override
    public String toString() {
        return name + " (namespace " + namespace + ")";
    }
}
