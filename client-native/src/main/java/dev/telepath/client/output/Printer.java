package dev.telepath.client.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.telepath.client.failure.Failure;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Prints results on standard output, and what is said beside them on standard error. One thread. */
public final class Printer {
    private static final String RED = "31";
    private static final String YELLOW = "33";
    private static final String BOLD = "1";

    private final PrintStream out;
    private final PrintStream err;
    private final Format format;
    private final Terminal terminal;

    public Printer(PrintStream out, PrintStream err, Format format, Terminal terminal) {
        this.out = out;
        this.err = err;
        this.format = format;
        this.terminal = terminal;
    }

    /** Prints one result: as JSON or YAML whole, or as text by the one who knows its shape. */
    public void result(JsonNode node, Consumer<Printer> asText) {
        switch (format) {
            case JSON -> out.print(json(node));
            case YAML -> out.print(yaml(node));
            case DEFAULT -> asText.accept(this);
        }
        out.flush();
    }

    /** A line of text. Broken at spaces when the terminal is narrower. */
    public void line(String text) {
        for (String each : wrap(Visible.of(text), terminal.width())) {
            out.println(each);
        }
    }

    /** A line as it is, for what programs or eyes copy whole. */
    public void raw(String text) {
        out.println(text);
    }

    /** A heading. */
    public void heading(String text) {
        out.println(colored(Visible.of(text), BOLD));
    }

    /** Names and values, aligned. */
    public void pairs(List<String[]> given) {
        List<String[]> pairs = given.stream()
                .map(pair -> new String[] {Visible.of(pair[0]), Visible.of(pair[1])})
                .toList();
        int widest = pairs.stream().mapToInt(pair -> pair[0].length()).max().orElse(0);
        int room = Math.max(10, terminal.width() - widest - 4);
        for (String[] pair : pairs) {
            List<String> lines = wrap(pair[1], room);
            out.println("  " + pair[0] + " ".repeat(widest - pair[0].length()) + "  " + lines.getFirst());
            lines.stream().skip(1).forEach(rest -> out.println(" ".repeat(widest + 4) + rest));
        }
    }

    /** Rows with a heading, as wide as they must be; one field per line where the terminal is too narrow for that. */
    public void table(List<String> heading, List<List<String>> given) {
        List<List<String>> rows = given.stream()
                .map(row -> row.stream().map(Visible::of).toList())
                .toList();
        int[] widths = new int[heading.size()];
        for (int i = 0; i < widths.length; i++) {
            int column = i;
            widths[i] = Math.max(
                    heading.get(i).length(),
                    rows.stream()
                            .mapToInt(row -> row.get(column).length())
                            .max()
                            .orElse(0));
        }
        int total = 0;
        for (int width : widths) {
            total += width + 2;
        }
        if (total - 2 > terminal.width()) {
            narrow(heading, rows);
            return;
        }
        out.println(colored(row(heading, widths), BOLD));
        rows.forEach(row -> out.println(row(row, widths)));
    }

    private void narrow(List<String> heading, List<List<String>> rows) {
        for (List<String> row : rows) {
            out.println(colored(row.getFirst(), BOLD));
            List<String[]> pairs = new ArrayList<>();
            for (int i = 1; i < row.size(); i++) {
                pairs.add(new String[] {heading.get(i), row.get(i)});
            }
            pairs(pairs);
        }
    }

    private static String row(List<String> cells, int[] widths) {
        var line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(cells.get(i)).append(" ".repeat(widths[i] - cells.get(i).length() + 2));
        }
        return line.toString().stripTrailing();
    }

    /** Something the user should know, on standard error. */
    public void warning(String text) {
        err.println(colored("warning:", YELLOW) + " " + Visible.of(text));
    }

    /** What goes on, on standard error. */
    public void note(String text) {
        err.println(Visible.of(text));
    }

    /** A failure: cause and next step on standard error, and the object on standard output where one was asked for. */
    public void failure(Failure failure) {
        err.println(colored("error:", RED) + " " + Visible.of(failure.message()));
        if (!failure.hint().isEmpty()) {
            err.println("  next: " + Visible.of(failure.hint()));
        }
        if (format != Format.DEFAULT) {
            ObjectNode node = new ObjectMapper().createObjectNode();
            node.putObject("error")
                    .put("kind", failure.kind().label())
                    .put("message", failure.message())
                    .put("hint", failure.hint())
                    .put("exit_code", failure.kind().exitCode());
            result(node, printer -> {});
        }
    }

    private String colored(String text, String code) {
        return terminal.color() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        for (String paragraph : text.split("\n", -1)) {
            String rest = paragraph;
            while (rest.length() > width) {
                int cut = rest.lastIndexOf(' ', width);
                int end = cut <= 0 ? width : cut;
                lines.add(rest.substring(0, end));
                rest = rest.substring(end).stripLeading();
            }
            lines.add(rest);
        }
        return lines;
    }

    private static String json(JsonNode node) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(node) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree always has a JSON form", e);
        }
    }

    private static String yaml(JsonNode node) {
        var factory = new YAMLFactory()
                .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES);
        try {
            return new ObjectMapper(factory).writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree always has a YAML form", e);
        }
    }
}
