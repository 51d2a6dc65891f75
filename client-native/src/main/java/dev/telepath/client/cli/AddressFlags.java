package dev.telepath.client.cli;

import dev.telepath.client.config.Setting;
import java.util.Map;
import picocli.CommandLine.Option;

/** The flags that name a manager at an address. */
final class AddressFlags {
    @Option(
            names = "--manager",
            paramLabel = "HOST:PORT",
            defaultValue = "",
            description = "where the manager listens; http://host:port for a clear-text one")
    String manager = "";

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            defaultValue = "",
            description = "file that holds the join token (or TELEPATH_TOKEN, TELEPATH_TOKEN_FILE)")
    String tokenFile = "";

    void put(Map<Setting, String> flags) {
        GlobalOptions.put(flags, Setting.MANAGER, manager);
        GlobalOptions.put(flags, Setting.TOKEN_FILE, tokenFile);
    }
}
