package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp env}. Exit code 3 when not connected; nothing is on standard output then, so that eval does nothing. */
@CommandLine.Command(name = "env", description = "print the lines that lead a shell's programs through the proxy")
final class EnvCommand extends Command {
    private static final List<String> NAMES = List.of("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY");
    /** Some programs know networks here, some only addresses. */
    private static final String NOT_PROXIED = "localhost,127.0.0.1,127.0.0.0/8,::1";

    @Option(
            names = "--shell",
            paramLabel = "SHELL",
            defaultValue = "",
            description = "bash, zsh, fish or powershell; default: what $SHELL names")
    String shell;

    @Option(names = "--json", description = "print an object, as --output json does")
    boolean json;

    @Option(names = "--unset", description = "print the lines that take the variables away; needs no connection")
    boolean unset;

    EnvCommand(Console console) {
        super(console);
    }

    @Override
    Map<Setting, String> settingFlags() {
        return json ? Map.of(Setting.OUTPUT, "json") : Map.of();
    }

    @Override
    int run(Invocation invocation) {
        // A wrong shell is a mistake whether connected or not.
        Shell lines = json && shell.isEmpty()
                ? Shell.BASH
                : Shell.of(shell, invocation.console().environment());
        if (unset) {
            ObjectNode result = Invocation.args();
            ArrayNode names = result.putArray("unset");
            bothCases(name -> names.add(name));
            return invocation.print(result, printer -> bothCases(name -> printer.raw(lines.unset(name))));
        }
        JsonNode status = invocation.ask("status", Invocation.args());
        JsonNode proxy = status.path("proxy");
        if (proxy.isMissingNode()) {
            throw new Failure(Kind.NOT_CONNECTED, "not connected: there is no proxy", "tp connect");
        }
        Map<String, String> variables = variables(proxy.path("address").asText());
        ObjectNode result = Invocation.args()
                .put("proxy", proxy.path("address").asText())
                .put("pac", proxy.path("pac").asText());
        ObjectNode all = result.putObject("variables");
        variables.forEach(all::put);
        return invocation.print(
                result, printer -> variables.forEach((name, value) -> printer.raw(lines.set(name, value))));
    }

    private static void bothCases(Consumer<String> each) {
        for (String name : NAMES) {
            each.accept(name);
            each.accept(name.toLowerCase(Locale.ROOT));
        }
    }

    /** Capitals and small letters, for programs read the one or the other. */
    private static Map<String, String> variables(String address) {
        Map<String, String> values = new LinkedHashMap<>();
        bothCases(name -> values.put(
                name,
                switch (name.toUpperCase(Locale.ROOT)) {
                    // Every program that reads these knows an HTTP proxy, few know SOCKS in them.
                    case "HTTP_PROXY", "HTTPS_PROXY" -> "http://" + address;
                    case "ALL_PROXY" -> "socks5h://" + address;
                    default -> NOT_PROXIED;
                }));
        return values;
    }
}
