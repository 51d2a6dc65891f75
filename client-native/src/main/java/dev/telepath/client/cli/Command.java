package dev.telepath.client.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What every command is: options, and work that ends with an exit code. */
abstract class Command implements Callable<Integer> {
    @Mixin
    GlobalOptions global;

    @Spec
    CommandSpec spec;

    private final Console console;

    Command(Console console) {
        this.console = console;
    }

    @Override
    public final Integer call() {
        return run(console.open(this));
    }

    /** What it is called on the command line. */
    final String name() {
        return getClass().getAnnotation(CommandLine.Command.class).name();
    }

    /** The command with its options, and what is below it. */
    CommandLine line() {
        return new CommandLine(this);
    }

    /** Does it. Failures are thrown, and told by {@link Tp}. */
    abstract int run(Invocation invocation);

    /** Flags of this command that are settings. */
    java.util.Map<dev.telepath.client.config.Setting, String> settingFlags() {
        return java.util.Map.of();
    }

    /** The options as given at this command or before it: {@code tp --config F list} is {@code tp list --config F}. */
    GlobalOptions global() {
        GlobalOptions merged = global;
        for (CommandSpec outer = spec.parent(); outer != null; outer = outer.parent()) {
            merged = merged.within(((Command) outer.userObject()).global);
        }
        return merged;
    }
}
