package dev.telepath.client.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Literals of JSON trees, and what counts as true and how a value reads in the chart's templates. */
final class Tree {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Tree() {}

    /**
     * An object.
     *
     * @param entries names and values in turn; an entry whose value is null is left out
     */
    static ObjectNode map(@Nullable Object... entries) {
        ObjectNode map = NODES.objectNode();
        for (int i = 0; i < entries.length; i += 2) {
            Object value = entries[i + 1];
            if (value != null) {
                map.set(String.valueOf(entries[i]), node(value));
            }
        }
        return map;
    }

    static ArrayNode list(Object... items) {
        ArrayNode list = NODES.arrayNode();
        for (Object item : items) {
            list.add(node(item));
        }
        return list;
    }

    private static JsonNode node(Object value) {
        return switch (value) {
            case JsonNode node -> node;
            case Boolean flag -> NODES.booleanNode(flag);
            case Integer number -> NODES.numberNode(number);
            case Collection<?> items -> list(items.toArray());
            default -> NODES.textNode(value.toString());
        };
    }

    /** What {@code if} and {@code with} of a template take for true: anything that is not empty, zero or false. */
    static boolean isSet(JsonNode node) {
        if (node.isContainerNode()) {
            return !node.isEmpty();
        }
        if (node.isNumber()) {
            return node.asDouble() != 0;
        }
        return node.isTextual() ? !node.textValue().isEmpty() : node.asBoolean(false);
    }

    /** A copy, or null where a template would leave it out. */
    static @Nullable JsonNode ifSet(JsonNode node) {
        return isSet(node) ? node.deepCopy() : null;
    }

    /** The first of them that has entries, else the last. */
    static JsonNode firstSet(JsonNode... nodes) {
        for (JsonNode node : nodes) {
            if (isSet(node)) {
                return node;
            }
        }
        return nodes[nodes.length - 1];
    }

    /** Names and values of an object, which any other node has none of. */
    static Map<String, JsonNode> entries(JsonNode object) {
        return object.propertyStream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** One object of several; of equal names the one of the later object stays. */
    static ObjectNode joined(JsonNode... maps) {
        ObjectNode all = NODES.objectNode();
        for (JsonNode map : maps) {
            map.properties()
                    .forEach(each -> all.set(each.getKey(), each.getValue().deepCopy()));
        }
        return all;
    }
}
