package dev.telepath.client.install;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Checks values by the chart's JSON schema, of which it knows the words that the chart uses; another one is an error of
 * ours, which the tests find.
 */
final class Schema {
    private static final Set<String> KNOWN = Set.of(
            "$schema",
            "title",
            "description",
            "type",
            "enum",
            "minimum",
            "maximum",
            "minLength",
            "pattern",
            "properties",
            "additionalProperties",
            "propertyNames",
            "required",
            "items",
            "maxItems",
            "uniqueItems");

    private final JsonNode root;
    private final List<String> problems = new ArrayList<>();

    Schema(JsonNode root) {
        this.root = root;
    }

    /** What is wrong, each a sentence that names the value; empty = nothing. */
    List<String> problems(JsonNode values) {
        check("", root, values);
        return List.copyOf(problems);
    }

    private void check(String name, JsonNode schema, JsonNode value) {
        schema.fieldNames().forEachRemaining(word -> {
            if (!KNOWN.contains(word)) {
                throw new IllegalStateException("the schema of the values uses \"" + word + "\" at " + name);
            }
        });
        JsonNode type = schema.path("type");
        List<String> types =
                type.isTextual() ? List.of(type.asText()) : texts(type).toList();
        if (!types.isEmpty() && types.stream().noneMatch(each -> is(each, value))) {
            boolean quoted = types.equals(List.of("string")) && value.isValueNode();
            wrong(
                    name,
                    "is " + shown(value) + " and has to be " + String.join(" or ", types)
                            + (quoted ? " (--set-string, or quotes in a file)" : ""));
            return;
        }
        if (schema.has("enum") && texts(schema.path("enum")).noneMatch(each -> each.equals(value.asText()))) {
            wrong(
                    name,
                    "is " + shown(value) + " and has to be one of "
                            + String.join(
                                    ", ",
                                    texts(schema.path("enum"))
                                            .map(each -> each.isEmpty() ? "\"\"" : each)
                                            .toList()));
        }
        if (value.isNumber()) {
            number(name, schema, value);
        } else if (value.isTextual()) {
            text(name, schema, value.asText());
        } else if (value.isObject()) {
            object(name, schema, value);
        } else if (value.isArray()) {
            array(name, schema, value);
        }
    }

    private void number(String name, JsonNode schema, JsonNode value) {
        if (schema.has("minimum") && value.asDouble() < schema.path("minimum").asDouble()) {
            wrong(name, "is " + value + " and has to be at least " + schema.path("minimum"));
        }
        if (schema.has("maximum") && value.asDouble() > schema.path("maximum").asDouble()) {
            wrong(name, "is " + value + " and has to be at most " + schema.path("maximum"));
        }
    }

    private void text(String name, JsonNode schema, String value) {
        if (value.length() < schema.path("minLength").asInt(0)) {
            wrong(name, "must not be empty");
        }
        String pattern = schema.path("pattern").asText("");
        if (!pattern.isEmpty() && !Pattern.compile(pattern).matcher(value).find()) {
            wrong(name, "is \"" + value + "\", which does not match " + pattern);
        }
    }

    private void object(String name, JsonNode schema, JsonNode value) {
        JsonNode properties = schema.path("properties");
        JsonNode others = schema.path("additionalProperties");
        value.properties().forEach(each -> {
            String below = name.isEmpty() ? each.getKey() : name + "." + each.getKey();
            String names = schema.path("propertyNames").path("pattern").asText("");
            if (!names.isEmpty()
                    && !Pattern.compile(names).matcher(each.getKey()).find()) {
                wrong(below, "has a name that does not match " + names);
            }
            if (properties.has(each.getKey())) {
                check(below, properties.path(each.getKey()), each.getValue());
            } else if (others.isObject()) {
                check(below, others, each.getValue());
            } else if (others.isBoolean() && !others.asBoolean()) {
                unknown(name, each.getKey());
            }
        });
        texts(schema.path("required")).filter(each -> !value.has(each)).forEach(each -> wrong(name, "lacks " + each));
    }

    private void array(String name, JsonNode schema, JsonNode value) {
        if (value.size() > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
            wrong(name, "has more than " + schema.path("maxItems") + " items");
        }
        Set<JsonNode> seen = new HashSet<>();
        for (int i = 0; i < value.size(); i++) {
            if (schema.has("items")) {
                check(name + "[" + i + "]", schema.path("items"), value.path(i));
            }
            if (!seen.add(value.path(i)) && schema.path("uniqueItems").asBoolean()) {
                wrong(name, "has " + shown(value.path(i)) + " twice");
            }
        }
    }

    private void unknown(String name, String key) {
        String whole = name.isEmpty() ? key : name + "." + key;
        List<String> known = new ArrayList<>();
        names("", root, known);
        Optional<String> near = Nearest.of(whole, known);
        problems.add("there is no value " + whole
                + near.map(each -> "; did you mean " + each + "?").orElse(""));
    }

    private static void names(String name, JsonNode schema, List<String> into) {
        schema.path("properties").properties().forEach(each -> {
            String below = name.isEmpty() ? each.getKey() : name + "." + each.getKey();
            into.add(below);
            names(below, each.getValue(), into);
        });
    }

    private void wrong(String name, String what) {
        problems.add((name.isEmpty() ? "the values" : name) + " " + what);
    }

    private static boolean is(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "boolean" -> value.isBoolean();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            default -> throw new IllegalStateException("the schema of the values uses the type " + type);
        };
    }

    private static Stream<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText);
    }

    private static String shown(JsonNode value) {
        String text = value.toString();
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }
}
