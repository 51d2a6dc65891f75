package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.output.Printer;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp list}. */
@CommandLine.Command(name = "list", description = "show the workloads and who engages them")
final class ListCommand extends Command {
    @Option(
            names = {"-a", "--agents"},
            description = "only those with an agent")
    boolean agents;

    @Option(
            names = {"-i", "--intercepts"},
            description = "only those intercepted, by anybody")
    boolean intercepts;

    @Option(
            names = {"-r", "--replacements"},
            description = "only those replaced here")
    boolean replacements;

    @Option(
            names = {"-g", "--ingests"},
            description = "only those ingested here")
    boolean ingests;

    @Option(
            names = {"-w", "-t", "--wiretaps"},
            description = "only those wiretapped here")
    boolean wiretaps;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            defaultValue = "",
            description = "another namespace than the connected one")
    String namespace;

    ListCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        JsonNode all = invocation.askManager("list", Invocation.args().put("namespace", namespace));
        ObjectNode shown = Invocation.args();
        ArrayNode rows = shown.putArray("workloads");
        all.path("workloads").forEach(workload -> {
            if (wanted(workload)) {
                rows.add(workload);
            }
        });
        return invocation.print(shown, printer -> text(printer, rows));
    }

    private boolean wanted(JsonNode workload) {
        boolean engaged = intercepts || replacements || ingests || wiretaps;
        boolean matches = intercepts && (!workload.path("clients").isEmpty() || has(workload, "intercept"))
                || replacements && has(workload, "replace")
                || ingests && has(workload, "ingest")
                || wiretaps && has(workload, "wiretap");
        return (!agents || workload.path("agent").asBoolean()) && (!engaged || matches);
    }

    private static boolean has(JsonNode workload, String kind) {
        for (JsonNode each : workload.path("engagements")) {
            if (each.path("kind").asText().equals(kind)) {
                return true;
            }
        }
        return false;
    }

    private static void text(Printer printer, ArrayNode rows) {
        if (rows.isEmpty()) {
            printer.line("No workloads (an agent that attaches appears here)");
            return;
        }
        List<List<String>> table = new ArrayList<>();
        rows.forEach(row -> table.add(List.of(
                row.path("name").asText(),
                row.path("kind").asText(),
                row.path("namespace").asText(),
                state(row))));
        printer.table(List.of("NAME", "KIND", "NAMESPACE", "STATE"), table);
    }

    /** "intercepted", with the engagement's name where it is not the workload's, and its disposition until it holds. */
    private static String own(JsonNode workload, JsonNode engagement) {
        String kind = switch (engagement.path("kind").asText()) {
            case "intercept" -> "intercepted";
            case "replace" -> "replaced";
            case "wiretap" -> "wiretapped";
            default -> "ingested";
        };
        String name = engagement.path("name").asText();
        String disposition = engagement.path("disposition").asText();
        return kind
                + (name.equals(workload.path("name").asText()) ? "" : " as " + name)
                + (disposition.equals("active") ? "" : " (" + disposition + ")")
                + filter(engagement.path("filter").asText());
    }

    private static String filter(String filter) {
        return filter.isEmpty() ? "" : " [" + filter + "]";
    }

    private static String state(JsonNode row) {
        List<String> said = new ArrayList<>();
        row.path("engagements").forEach(each -> said.add(own(row, each)));
        List<String> own = new ArrayList<>();
        row.path("engagements").forEach(each -> own.add(each.path("filter").asText()));
        boolean filtered = !row.path("filters").isEmpty();
        if (said.isEmpty() && !filtered) {
            row.path("clients").forEach(client -> said.add("engaged by " + client.asText()));
        }
        // Others share a workload by filters, so they matter to who has one too.
        row.path("filters").forEach(each -> {
            String filter = each.path("filter").asText();
            if (!own.remove(filter)) {
                said.add("engaged by " + each.path("client").asText() + filter(filter));
            }
        });
        if (said.isEmpty()) {
            said.add(row.path("agent").asBoolean() ? "ready to engage" : "no agent yet");
        }
        return String.join(", ", said);
    }
}
