package dev.telepath.client.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.List;

/**
 * Values of the chart: what was given, and what it comes to with the defaults under it. Both are valid by the chart's
 * schema.
 *
 * @param given by the user, all sources in one; a null in it takes a default away
 * @param all with the defaults
 */
public record Values(ObjectNode given, ObjectNode all) {
    /**
     * What files and flags give together, the later before the earlier, as helm has it.
     *
     * @param files contents in their order
     * @param sets {@code --set}, after all files
     * @param texts {@code --set-string}, after those
     * @throws Failure of kind USAGE
     */
    public static ObjectNode given(List<ObjectNode> files, List<String> sets, List<String> texts) {
        ObjectNode given = JsonNodeFactory.instance.objectNode();
        files.forEach(file -> merge(given, file));
        sets.forEach(each -> SetExpression.apply(each, false, given));
        texts.forEach(each -> SetExpression.apply(each, true, given));
        return given;
    }

    /**
     * With the chart's defaults.
     *
     * @throws Failure of kind USAGE when the chart has no such value or it is out of range
     */
    public static Values of(Chart chart, ObjectNode given) {
        ObjectNode all = chart.defaults();
        merge(all, given);
        dropNulls(all);
        List<String> wrong = new Schema(chart.schema()).problems(all);
        if (!wrong.isEmpty()) {
            throw new Failure(
                    Kind.USAGE,
                    String.join("; ", wrong.subList(0, Math.min(5, wrong.size())))
                            + (wrong.size() > 5 ? "; and " + (wrong.size() - 5) + " more" : ""),
                    "docs/install.md and deploy/helm/telepath/values.yaml list all values");
        }
        var values = new Values(given, all);
        values.check();
        return values;
    }

    private void check() {
        if (Tree.isSet(at("namespaces")) && Tree.isSet(at("namespaceSelector"))) {
            throw new Failure(
                    Kind.USAGE, "namespaces and namespaceSelector exclude one another", "leave one of them empty");
        }
        if (text("certificates.method").equals("certmanager")
                && text("certificates.certmanager.issuerRef.name").isEmpty()) {
            throw new Failure(
                    Kind.USAGE,
                    "certificates.certmanager.issuerRef.name is needed with method certmanager",
                    "--set certificates.certmanager.issuerRef.name=NAME");
        }
    }

    /** Objects are joined, anything else is replaced. */
    static void merge(ObjectNode under, ObjectNode over) {
        over.properties().forEach(each -> {
            if (under.get(each.getKey()) instanceof ObjectNode below && each.getValue() instanceof ObjectNode above) {
                merge(below, above);
            } else {
                under.set(each.getKey(), each.getValue().deepCopy());
            }
        });
    }

    /** What was given before with other values over it. */
    public static ObjectNode over(ObjectNode before, ObjectNode given) {
        ObjectNode both = before.deepCopy();
        merge(both, given);
        return both;
    }

    /** Not below lists, whose items are the user's as they are. */
    private static void dropNulls(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.properties().removeIf(each -> each.getValue().isNull());
            object.forEach(Values::dropNulls);
        }
    }

    /** The value of a dotted name without dots in its parts; a missing node if there is none. */
    public JsonNode at(String name) {
        JsonNode node = all;
        for (String part : name.split("\\.", -1)) {
            node = node.path(part);
        }
        return node;
    }

    public String text(String name) {
        return at(name).asText("");
    }

    public boolean flag(String name) {
        return at(name).asBoolean(false);
    }

    /** Names of the managed namespaces; empty = all, or those of the selector. */
    public List<String> namespaces() {
        return at("namespaces").valueStream().map(JsonNode::asText).toList();
    }
}
