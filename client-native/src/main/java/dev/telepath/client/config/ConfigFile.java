package dev.telepath.client.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration file: YAML with nested or dotted keys, or {@code key=value} lines when its name ends in
 * {@code .properties}. Strict: an unknown key or a wrong type is an error that names file, line and key.
 */
public final class ConfigFile {
    private static final long MAX_BYTES = 1 << 20;
    private static final String PREFIX = "telepath.client.";

    /** A value and the line it stands in. */
    public record Entry(String value, int line) {}

    private ConfigFile() {}

    /**
     * Reads a file.
     *
     * @throws Failure of kind USAGE when it is missing, unreadable, no YAML, or holds what is no setting
     */
    public static Map<Setting, Entry> read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw mistake(file + " is larger than 1 MiB, it can be no configuration of tp");
            }
            String text = Files.readString(file);
            return file.toString().endsWith(".properties") ? properties(file, text) : yaml(file, text);
        } catch (NoSuchFileException e) {
            throw new Failure(Kind.USAGE, "there is no configuration file " + file, "check --config", e);
        } catch (IOException e) {
            throw new Failure(Kind.USAGE, "cannot read " + file + ": " + e.getMessage(), "check --config", e);
        }
    }

    private static Map<Setting, Entry> properties(Path file, String text) {
        Map<Setting, Entry> found = new EnumMap<>(Setting.class);
        int number = 0;
        for (String raw : text.lines().toList()) {
            number++;
            String line = raw.strip();
            if (line.isEmpty() || line.startsWith("#") || line.startsWith("!")) {
                continue;
            }
            int equals = line.indexOf('=');
            if (equals < 0) {
                throw mistake(file + " line " + number + ": expected key=value");
            }
            String key = line.substring(0, equals).strip();
            if (key.startsWith(PREFIX)) {
                key = key.substring(PREFIX.length());
            }
            put(file, found, key, line.substring(equals + 1).strip(), number);
        }
        return found;
    }

    private static Map<Setting, Entry> yaml(Path file, String text) throws IOException {
        Map<Setting, Entry> found = new EnumMap<>(Setting.class);
        try (var parser = new YAMLFactory().createParser(text)) {
            JsonToken first = parser.nextToken();
            if (first == null || first == JsonToken.VALUE_NULL) {
                return found;
            }
            if (first != JsonToken.START_OBJECT) {
                throw mistake(file + " line 1: expected a map of settings");
            }
            var path = new ArrayDeque<String>();
            String field = "";
            int fieldLine = 1;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                int line = parser.currentTokenLocation().getLineNr();
                switch (token) {
                    case FIELD_NAME -> {
                        field = parser.currentName();
                        fieldLine = line;
                    }
                    case START_OBJECT -> {
                        path.addLast(field);
                        group(file, path, fieldLine);
                    }
                    case END_OBJECT -> {
                        if (!path.isEmpty()) {
                            path.removeLast();
                        }
                    }
                    case START_ARRAY, END_ARRAY ->
                        throw mistake(file + " line " + line + ": key '" + key(path, field)
                                + "' is a list, expected one value");
                    default -> put(file, found, key(path, field), parser.getText(), line);
                }
            }
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw mistake(file + " line " + line + ": no valid YAML: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""));
        }
        return found;
    }

    /** A group that begins no setting is told at once, by its own name. */
    private static void group(Path file, ArrayDeque<String> path, int line) {
        String prefix = String.join(".", path) + ".";
        for (Setting setting : Setting.values()) {
            if (setting.key().startsWith(prefix)) {
                return;
            }
        }
        String name = String.join(".", path);
        throw mistake(
                Setting.of(name).isPresent()
                        ? file + " line " + line + ": key '" + name + "' is a map, expected one value"
                        : file + " line " + line + ": unknown key '" + name + "'");
    }

    private static String key(ArrayDeque<String> path, String field) {
        List<String> parts = new ArrayList<>(path);
        parts.add(field);
        return String.join(".", parts);
    }

    private static void put(Path file, Map<Setting, Entry> found, String key, String value, int line) {
        Setting setting =
                Setting.of(key).orElseThrow(() -> mistake(file + " line " + line + ": unknown key '" + key + "'"));
        try {
            Settings.check(setting, value);
        } catch (IllegalArgumentException e) {
            throw mistake(file + " line " + line + ": key '" + key + "': " + e.getMessage());
        }
        found.put(setting, new Entry(value, line));
    }

    private static Failure mistake(String message) {
        return new Failure(
                Kind.USAGE, message, "docs/configuration.md lists every key; tp config view shows the values");
    }
}
