package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Values;
import dev.telepath.client.install.Yaml;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How values of the chart are given, as to helm. */
final class ValueFlags {
    @Option(
            names = {"-f", "--values"},
            paramLabel = "FILE",
            description = "values of the chart (YAML; - = standard input); may be repeated, the last goes first")
    List<String> files = new ArrayList<>();

    @Option(names = "--set", paramLabel = "NAME=VALUE", description = "a value, as in helm: a.b=1,c={x,y},d[0].e=z")
    List<String> sets = new ArrayList<>();

    @Option(names = "--set-string", paramLabel = "NAME=VALUE", description = "the same, always as text")
    List<String> texts = new ArrayList<>();

    /** What they come to. */
    ObjectNode given() {
        return Values.given(files.stream().map(ValueFlags::read).toList(), sets, texts);
    }

    private static ObjectNode read(String file) {
        try {
            return file.equals("-")
                    ? Yaml.object("standard input", new String(System.in.readAllBytes(), StandardCharsets.UTF_8))
                    : Yaml.object(file, Files.readString(Path.of(file)));
        } catch (IOException e) {
            throw new Failure(Kind.USAGE, "cannot read the values: " + e.getMessage(), "check --values", e);
        }
    }
}
