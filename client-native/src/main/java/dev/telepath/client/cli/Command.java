package dev.telepath.client.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** What every command is: options, and work that ends with an exit code. */
abstract class Command implements Callable<Integer> {
    @Mixin
    GlobalOptions global;

    private final Console console;

    Command(Console console) {
        this.console = console;
    }

    @Override
    public final Integer call() {
        return run(console.open(this));
    }

    /** Does it. Failures are thrown, and told by {@link Tp}. */
    abstract int run(Invocation invocation);

    /** Flags of this command that are settings. */
    java.util.Map<dev.telepath.client.config.Setting, String> settingFlags() {
        return java.util.Map.of();
    }

    GlobalOptions global() {
        return global;
    }
}
