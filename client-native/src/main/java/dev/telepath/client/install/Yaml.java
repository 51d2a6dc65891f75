package dev.telepath.client.install;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.util.StringQuotingChecker;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.Serial;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** YAML to trees and back. */
public final class Yaml {
    private static final ObjectMapper MAPPER = mapper(false);
    private static final ObjectMapper DOCUMENTS = mapper(true);

    private Yaml() {}

    private static ObjectMapper mapper(boolean documents) {
        return new ObjectMapper(YAMLFactory.builder()
                .configure(YAMLGenerator.Feature.WRITE_DOC_START_MARKER, documents)
                .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                .enable(YAMLGenerator.Feature.LITERAL_BLOCK_STYLE)
                .disable(YAMLGenerator.Feature.SPLIT_LINES)
                .stringQuotingChecker(new Quoting())
                .build());
    }

    /**
     * The object that a text holds; an empty text is an empty object.
     *
     * @param name of the text, for the message
     * @throws Failure of kind USAGE when it is no YAML, or no object
     */
    public static ObjectNode object(String name, String text) {
        try {
            JsonNode read = MAPPER.readTree(text);
            if (read == null || read.isMissingNode() || read.isNull()) {
                return JsonNodeFactory.instance.objectNode();
            }
            if (read instanceof ObjectNode object) {
                return object;
            }
            throw new Failure(Kind.USAGE, name + " holds no names with values", "write name: value");
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            String where = at == null ? "" : ", line " + at.getLineNr();
            throw new Failure(
                    Kind.USAGE,
                    name + " is no YAML" + where + ": "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    "mind indentation and quotes",
                    e);
        }
    }

    /** Names sorted, as {@code toYaml} of a template has them, without an end of line. */
    static String sorted(JsonNode node) {
        return write(MAPPER, sort(node)).stripTrailing();
    }

    /** One document, with its marker. */
    public static String document(JsonNode node) {
        return write(DOCUMENTS, node);
    }

    /** Without marker. */
    public static String text(JsonNode node) {
        return write(MAPPER, node);
    }

    private static JsonNode sort(JsonNode node) {
        if (node.isObject()) {
            Map<String, JsonNode> sorted = new TreeMap<>();
            node.properties().forEach(each -> sorted.put(each.getKey(), sort(each.getValue())));
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.setAll(sorted);
            return object;
        }
        if (node.isArray()) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            node.forEach(each -> array.add(sort(each)));
            return array;
        }
        return node;
    }

    private static String write(ObjectMapper mapper, JsonNode node) {
        try {
            return mapper.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree always has a YAML form", e);
        }
    }

    /** Quotes whatever some reader of YAML 1.1 or 1.2 might take for something other than text. */
    private static final class Quoting extends StringQuotingChecker {
        @Serial
        private static final long serialVersionUID = 1L;

        private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/][A-Za-z0-9._/@+-]*( [A-Za-z0-9._/@+-]+)*");
        private static final Pattern NUMBER = Pattern.compile("[-+.0-9][-+.0-9a-fA-FxXoO_:]*");
        private static final Set<String> WORDS =
                Set.of("true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf");

        @Override
        public boolean needToQuoteName(String name) {
            return needToQuoteValue(name);
        }

        @Override
        public boolean needToQuoteValue(String value) {
            return !PLAIN.matcher(value).matches()
                    || NUMBER.matcher(value).matches()
                    || WORDS.contains(value.toLowerCase(java.util.Locale.ROOT));
        }
    }
}
