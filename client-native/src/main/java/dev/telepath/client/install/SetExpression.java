package dev.telepath.client.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@code --set} takes, as helm does: {@code a.b=1,c[0].d=x,e={f,g}}. A backslash takes the meaning of the next
 * character away; {@code true}, {@code false}, {@code null} and whole numbers are what they look like, unless all are to
 * be texts.
 */
final class SetExpression {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    /** As in helm: more would fill the memory with empty items. */
    private static final int MOST_ITEMS = 65_536;

    private static final int MOST_DEPTH = 30;
    private static final int END = -1;
    private static final String NEXT = "--set name.of.value=text, --set 'list={a,b}', --set 'list[0].name=text'";

    /** A step down: the name of an entry, or the number of an item. */
    private sealed interface Step {
        record Entry(String name) implements Step {}

        record Item(int index) implements Step {}
    }

    private final String text;
    private final boolean asText;
    private int at;

    private SetExpression(String text, boolean asText) {
        this.text = text;
        this.asText = asText;
    }

    /**
     * Puts what the expression says into the values.
     *
     * @param asText whether every value is a text ({@code --set-string})
     * @throws Failure of kind USAGE
     */
    static void apply(String text, boolean asText, ObjectNode values) {
        var expression = new SetExpression(text, asText);
        while (expression.at < text.length()) {
            expression.pair(values);
        }
    }

    private void pair(ObjectNode values) {
        List<Step> path = path();
        JsonNode value = peek() == '{' ? list() : scalar(word(","));
        if (at < text.length() && peek() != ',') {
            throw wrong("there is more after the list");
        }
        at++;
        put(values, path, value);
    }

    private List<Step> path() {
        List<Step> path = new ArrayList<>();
        boolean afterItem = false;
        while (true) {
            String name = word("=.[,");
            if (name.isEmpty() != afterItem) {
                throw wrong(afterItem ? "after ] comes . or =" : "a name is missing");
            }
            if (!name.isEmpty()) {
                path.add(new Step.Entry(name));
            }
            if (path.size() > MOST_DEPTH) {
                throw wrong("it goes deeper than " + MOST_DEPTH + " levels");
            }
            int end = peek();
            at++;
            switch (end) {
                case '=' -> {
                    return path;
                }
                case '.' -> afterItem = false;
                case '[' -> {
                    path.add(new Step.Item(index()));
                    afterItem = true;
                }
                default -> throw wrong("\"" + (name.isEmpty() ? text : name) + "\" has no value");
            }
        }
    }

    private int index() {
        String number = word("]");
        if (peek() != ']') {
            throw wrong("a ] is missing");
        }
        at++;
        try {
            int index = Integer.parseInt(number);
            if (index >= 0 && index <= MOST_ITEMS) {
                return index;
            }
        } catch (NumberFormatException notANumber) {
            // Told below.
        }
        throw wrong("\"" + number + "\" is no number of an item (0 to " + MOST_ITEMS + ")");
    }

    private ArrayNode list() {
        at++;
        ArrayNode items = NODES.arrayNode();
        while (true) {
            String item = word(",}");
            if (peek() == END) {
                throw wrong("a } is missing");
            }
            boolean last = peek() == '}';
            at++;
            if (!last || !item.isEmpty() || !items.isEmpty()) {
                items.add(scalar(item));
            }
            if (last) {
                return items;
            }
        }
    }

    /** Up to one of these characters, which is not taken. */
    private String word(String ends) {
        var word = new StringBuilder();
        while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
            if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                at++;
            }
            word.append(text.charAt(at++));
        }
        return word.toString();
    }

    private int peek() {
        return at < text.length() ? text.charAt(at) : END;
    }

    private JsonNode scalar(String word) {
        if (asText) {
            return NODES.textNode(word);
        }
        return switch (word) {
            case "true" -> NODES.booleanNode(true);
            case "false" -> NODES.booleanNode(false);
            case "null" -> NODES.nullNode();
            default -> number(word);
        };
    }

    /** One that begins with 0 is text, so that file modes and postal codes stay what they are. */
    private static JsonNode number(String word) {
        if (word.equals("0") || word.matches("-?[1-9][0-9]{0,17}")) {
            long number = Long.parseLong(word);
            return number == (int) number ? NODES.numberNode((int) number) : NODES.numberNode(number);
        }
        return NODES.textNode(word);
    }

    private static void put(ObjectNode values, List<Step> path, JsonNode value) {
        JsonNode in = values;
        for (int i = 0; i < path.size(); i++) {
            boolean last = i == path.size() - 1;
            JsonNode next = last ? value : child(in, path.get(i), path.get(i + 1));
            set(in, path.get(i), next);
            in = next;
        }
    }

    private static JsonNode child(JsonNode in, Step step, Step below) {
        JsonNode there = switch (step) {
            case Step.Entry(String name) -> in.path(name);
            case Step.Item(int index) -> in.path(index);
        };
        return switch (below) {
            case Step.Entry entry -> there.isObject() ? there : NODES.objectNode();
            case Step.Item item -> there.isArray() ? there : NODES.arrayNode();
        };
    }

    private static void set(JsonNode in, Step step, JsonNode value) {
        switch (step) {
            case Step.Entry(String name) -> ((ObjectNode) in).set(name, value);
            case Step.Item(int index) -> {
                var items = (ArrayNode) in;
                while (items.size() <= index) {
                    items.addNull();
                }
                items.set(index, value);
            }
        }
    }

    private Failure wrong(String why) {
        return new Failure(Kind.USAGE, "--set \"" + text + "\": " + why, NEXT);
    }
}
