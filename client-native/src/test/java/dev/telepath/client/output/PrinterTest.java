package dev.telepath.client.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrinterTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final ObjectNode node = new ObjectMapper().createObjectNode().put("name", "web");

    private Printer printer(Format format, Terminal terminal) {
        return new Printer(stream(out), stream(err), format, terminal);
    }

    private static PrintStream stream(ByteArrayOutputStream to) {
        return new PrintStream(to, true, StandardCharsets.UTF_8);
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void jsonAndYamlPrintTheObjectAndNothingElse() {
        printer(Format.JSON, plain(80)).result(node, text -> text.line("no"));
        assertThat(printed()).isEqualTo("{\n  \"name\" : \"web\"\n}\n");
        out.reset();
        printer(Format.YAML, plain(80)).result(node, text -> text.line("no"));
        assertThat(printed()).isEqualTo("name: web\n");
    }

    @Test
    void aFailureTellsCauseAndNextStepAndIsAnObjectToo() {
        printer(Format.JSON, plain(80)).failure(new Failure(Kind.CONFLICT, "taken", "wait"));

        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("error: taken\n  next: wait\n");
        assertThat(printed()).contains("\"kind\" : \"conflict\"").contains("\"exit_code\" : 7");
    }

    @Test
    void whatPeersAndPeopleNameThingsMovesNoCursor() {
        String name = "web\u001b]0;title\u0007\u001b[2J\u009b31m\u202eexe\r";
        String shown = "web\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u202eexe\\u000d";
        Printer printer = printer(Format.DEFAULT, plain(80));
        printer.line(name);
        printer.pairs(List.<String[]>of(new String[] {"name", name}));
        printer.table(List.of("NAME"), List.of(List.of(name)));
        assertThat(printed()).isEqualTo(shown + "\n  name  " + shown + "\nNAME\n" + shown + "\n");
        printer.warning(name);
        printer.note(name);
        printer.failure(new Failure(Kind.CONFLICT, name, name));
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualTo("warning: " + shown + "\n" + shown + "\nerror: " + shown + "\n  next: " + shown + "\n");
    }

    @Test
    void lettersOfAllScriptsAndLinesOfTheirOwnAreShownAsTheyAre() {
        printer(Format.DEFAULT, plain(80)).line("größe\tשלום\n日本 🚀");
        assertThat(printed()).isEqualTo("größe\tשלום\n日本 🚀\n");
    }

    @Test
    void aTableThatDoesNotFitBecomesOneFieldPerLine() {
        var heading = List.of("NAME", "KIND", "STATE");
        var rows = List.of(List.of("web", "deployment", "ready to engage"));
        printer(Format.DEFAULT, plain(80)).table(heading, rows);
        assertThat(printed()).isEqualTo("NAME  KIND        STATE\nweb   deployment  ready to engage\n");
        out.reset();
        printer(Format.DEFAULT, plain(24)).table(heading, rows);
        assertThat(printed()).isEqualTo("web\n  KIND   deployment\n  STATE  ready to engage\n");
    }

    @Test
    void noLineIsWiderThanTheTerminal() {
        printer(Format.DEFAULT, plain(30)).line("a sentence that is certainly longer than thirty columns are");

        assertThat(printed().lines()).allMatch(line -> line.length() <= 30).hasSizeGreaterThan(1);
    }

    @Test
    void colourNeedsATerminalAndNoObjection() {
        assertThat(Terminal.of(Map.of(), true).color()).isTrue();
        assertThat(Terminal.of(Map.of("NO_COLOR", "1"), true).color()).isFalse();
        assertThat(Terminal.of(Map.of("TERM", "dumb"), true).color()).isFalse();
        assertThat(Terminal.of(Map.of(), false).color()).isFalse();
        assertThat(Terminal.of(Map.of("COLUMNS", "40"), false).width()).isEqualTo(40);
        assertThat(Terminal.of(Map.of("COLUMNS", "junk"), false).width()).isEqualTo(100);
    }

    @Test
    void progressIsSilentInTheFirstSecond() {
        try (var progress = new Progress(stream(err), Progress.Mode.PLAIN)) {
            progress.say("starting");
        }
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void progressSpeaksOnceItTakesLonger() {
        try (var progress = new Progress(stream(err), Progress.Mode.PLAIN)) {
            progress.say("starting");
            org.awaitility.Awaitility.await()
                    .untilAsserted(() ->
                            assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("starting ...\n"));
        }
    }

    private static Terminal plain(int width) {
        return new Terminal(false, false, width);
    }
}
