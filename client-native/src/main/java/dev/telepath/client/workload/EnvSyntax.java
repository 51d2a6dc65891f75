package dev.telepath.client.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.Map;
import java.util.TreeMap;

/**
 * Forms of a file of environment variables ({@code --env-syntax}).
 *
 * @param export whether the variables are exported: sh, csh and ps with {@code :export}
 */
public record EnvSyntax(Form form, boolean export) {
    /** The forms. */
    public enum Form {
        DOCKER,
        COMPOSE,
        SH,
        CSH,
        CMD,
        JSON,
        PS
    }

    /**
     * Reads {@code docker}, {@code sh:export}, ...
     *
     * @throws Failure of kind USAGE
     */
    public static EnvSyntax parse(String text) {
        boolean export = text.endsWith(":export");
        String name = export ? text.substring(0, text.length() - ":export".length()) : text;
        for (Form form : Form.values()) {
            boolean exportable = form == Form.SH || form == Form.CSH || form == Form.PS;
            if (form.name().equalsIgnoreCase(name) && (!export || exportable)) {
                return new EnvSyntax(form, export);
            }
        }
        throw new Failure(
                Kind.USAGE,
                "--env-syntax " + text + " is not known",
                "one of docker, compose, sh, csh, cmd, json, ps; sh, csh and ps also with :export");
    }

    /**
     * The whole file, sorted by name.
     *
     * @throws Failure of kind FAILED for a value that the form cannot hold
     */
    public String format(Map<String, String> variables) {
        var sorted = new TreeMap<>(variables);
        if (form == Form.JSON) {
            return json(sorted);
        }
        var out = new StringBuilder();
        sorted.forEach((name, value) -> out.append(line(name, value)).append(form == Form.CMD ? "\r\n" : "\n"));
        return out.toString();
    }

    private String line(String name, String value) {
        return switch (form) {
            case DOCKER -> {
                if (value.contains("\n")) {
                    throw new Failure(
                            Kind.FAILED,
                            "the variable " + name + " has several lines, which the syntax docker cannot hold",
                            "choose another --env-syntax, for instance compose or json");
                }
                yield name + "=" + value;
            }
            case COMPOSE -> name + "=" + doubleQuoted(value);
            case SH -> (export ? "export " : "") + name + "=" + singleQuoted(value);
            case CSH -> (export ? "setenv " + name + " " : "set " + name + "=") + cshQuoted(value);
            case CMD -> "set \"" + name + "=" + value.replace("%", "%%").replace("\n", " ") + "\"";
            case PS -> "$" + (export ? "Env:" : "") + name + "='" + value.replace("'", "''") + "'";
            case JSON -> throw new IllegalStateException("JSON has no lines");
        };
    }

    private static String singleQuoted(String value) {
        return "'" + value.replace("'", "'\\''") + "'";
    }

    private static String cshQuoted(String value) {
        return "'" + value.replace("'", "'\\''").replace("!", "\\!").replace("\n", "\\\n") + "'";
    }

    private static String doubleQuoted(String value) {
        return "\""
                + value.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("$", "$$")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                + "\"";
    }

    private static String json(Map<String, String> sorted) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(sorted) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of strings always has a JSON form", e);
        }
    }
}
