package dev.telepath.manager.session;

import org.jspecify.annotations.Nullable;

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

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof WorkloadKey that && namespace.equals(that.namespace) && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return 31 * namespace.hashCode() + name.hashCode();
    }
}
