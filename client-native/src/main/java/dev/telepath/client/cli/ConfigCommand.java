package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** {@code tp config}. */
@CommandLine.Command(name = "config", description = "look at the settings")
final class ConfigCommand extends Command {
    private final Console console;

    ConfigCommand(Console console) {
        super(console);
        this.console = console;
    }

    @Override
    CommandLine line() {
        return super.line().addSubcommand(new View(console));
    }

    @Override
    int run(Invocation invocation) {
        invocation.printer().line("tp config view shows every setting, its value and where it comes from");
        return 0;
    }

    /** {@code tp config view}. */
    @CommandLine.Command(name = "view", description = "show every setting, its value and where it comes from")
    static final class View extends Command {
        View(Console console) {
            super(console);
        }

        @Override
        int run(Invocation invocation) {
            Settings settings = invocation.settings();
            ObjectNode result = Invocation.args();
            ObjectNode paths = result.putObject("paths")
                    .put("config", settings.file().map(Path::toString).orElse("none"))
                    .put(
                            "config_default",
                            Settings.defaultFile(invocation.console().environment())
                                    .toString())
                    .put("home", invocation.home().folder().toString())
                    .put("logs", invocation.home().logs().toString());
            ObjectNode all = result.putObject("settings");
            List<List<String>> rows = new ArrayList<>();
            for (Setting setting : Setting.values()) {
                Settings.Value value = settings.value(setting);
                String shown =
                        setting.type() == Setting.Type.SECRET && !value.text().isEmpty() ? "(secret)" : value.text();
                all.putObject(setting.key()).put("value", shown).put("source", value.source());
                rows.add(List.of(setting.key(), shown, value.source()));
            }
            return invocation.print(result, printer -> {
                List<String[]> pairs = new ArrayList<>();
                paths.properties()
                        .forEach(each -> pairs.add(
                                new String[] {each.getKey(), each.getValue().asText()}));
                printer.pairs(pairs);
                printer.table(List.of("SETTING", "VALUE", "SOURCE"), rows);
            });
        }
    }
}
