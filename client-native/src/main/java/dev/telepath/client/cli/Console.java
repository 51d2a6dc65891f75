package dev.telepath.client.cli;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.io.PrintStream;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a command sees of the process: streams and environment. Tests give their own.
 *
 * @param environment variables
 */
record Console(PrintStream out, PrintStream err, Map<String, String> environment) {
    Invocation open(Command command) {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        flags.putAll(command.global().flags());
        flags.putAll(command.settingFlags());
        Settings settings =
                Settings.resolve(flags, environment, command.global().file());
        return new Invocation(this, settings, command.global());
    }
}
