package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvFromSourceBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The environment of a container, copied for the agent beside it under a prefix, so that none of it works on the agent
 * itself. Pure.
 */
final class EnvCopies {
    static final String PREFIX = "TELEPATH_APP_";
    private static final Pattern REFERENCE = Pattern.compile("\\$\\$|\\$\\(([^)]+)\\)");

    private EnvCopies() {}

    static List<EnvVar> variables(Container app) {
        var copies = new ArrayList<EnvVar>();
        Set<String> known = new HashSet<>();
        boolean open = app.getEnvFrom() != null && !app.getEnvFrom().isEmpty();
        for (EnvVar variable : app.getEnv() == null ? List.<EnvVar>of() : app.getEnv()) {
            var copy = new EnvVarBuilder(variable).withName(PREFIX + variable.getName());
            if (variable.getValue() != null) {
                copy.withValue(renamed(variable.getValue(), known, open));
            }
            var source = variable.getValueFrom();
            if (source != null
                    && source.getResourceFieldRef() != null
                    && source.getResourceFieldRef().getContainerName() == null) {
                // Without a name it would be the agent's own resources.
                copy.editValueFrom()
                        .editResourceFieldRef()
                        .withContainerName(app.getName())
                        .endResourceFieldRef()
                        .endValueFrom();
            }
            copies.add(copy.build());
            known.add(variable.getName());
        }
        return copies;
    }

    static List<EnvFromSource> sources(Container app) {
        return (app.getEnvFrom() == null ? List.<EnvFromSource>of() : app.getEnvFrom())
                .stream()
                        .map(source -> new EnvFromSourceBuilder(source)
                                .withPrefix(PREFIX + (source.getPrefix() == null ? "" : source.getPrefix()))
                                .build())
                        .toList();
    }

    /** {@code $(NAME)} means a variable before it, whose copy has another name; what is none stays as it is. */
    private static String renamed(String value, Set<String> known, boolean open) {
        Matcher reference = REFERENCE.matcher(value);
        var text = new StringBuilder();
        while (reference.find()) {
            String name = reference.group(1);
            boolean copied = name != null
                    && (known.contains(name) || (open && !name.matches(".*_(SERVICE_(HOST|PORT)|PORT)(_.*)?")));
            reference.appendReplacement(
                    text, Matcher.quoteReplacement(copied ? "$(" + PREFIX + name + ")" : reference.group()));
        }
        return reference.appendTail(text).toString();
    }
}
