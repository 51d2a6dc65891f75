package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.Replacement;
import io.vertx.core.json.JsonObject;
import java.util.Optional;

/**
 * What a client wants of a workload: an agent, and with {@code replaced} one that takes a container's place.
 *
 * @param kind as Kubernetes writes it
 * @param agent whether new pods get an agent; false only for the moment in which a replaced container comes back
 */
record Desired(String kind, boolean agent, Optional<Replaced> replaced) {
    /**
     * How a workload was before a container of it was replaced.
     *
     * @param agent whether it was to have an agent on demand
     * @param stamp of its pod template, empty for none
     */
    record Before(boolean agent, String stamp) {}

    /**
     * A container that is not there, and what to go back to.
     *
     * @param over whether new pods have the container again. Kept until the pods were made anew, so that a manager that
     *     fails in between leaves that to the next
     */
    record Replaced(Replacement wanted, Before before, boolean over) {}

    /** An agent beside the workload. */
    static Desired agent(String kind) {
        return new Desired(kind, true, Optional.empty());
    }

    /** The agent takes the container's place from now on. */
    static Desired replacing(String kind, Replacement wanted, Before before) {
        return new Desired(kind, true, Optional.of(new Replaced(wanted, before, false)));
    }

    /**
     * The container comes back.
     *
     * @param staying whether an agent stays beside it
     */
    Desired ending(boolean staying) {
        return new Desired(kind, staying, replaced.map(one -> new Replaced(one.wanted(), one.before(), true)));
    }

    JsonObject json(WorkloadKey workload) {
        var json = new JsonObject()
                .put("namespace", workload.namespace())
                .put("name", workload.name())
                .put("kind", kind);
        if (!agent) {
            json.put("agent", false);
        }
        replaced.ifPresent(one -> json.put(
                "replaced",
                new JsonObject()
                        .put("container", one.wanted().container())
                        .put("port", one.wanted().port())
                        .put("over", one.over())
                        .put("agent-before", one.before().agent())
                        .put("stamp-before", one.before().stamp())));
        return json;
    }

    /**
     * @throws ClassCastException for a value of another type
     */
    static Desired read(JsonObject json) {
        JsonObject replaced = json.getJsonObject("replaced");
        return new Desired(
                json.getString("kind", ""),
                json.getBoolean("agent", true),
                Optional.ofNullable(replaced)
                        .map(one -> new Replaced(
                                new Replacement(one.getString("container", ""), one.getString("port", "")),
                                new Before(one.getBoolean("agent-before", false), one.getString("stamp-before", "")),
                                one.getBoolean("over", false))));
    }
}
