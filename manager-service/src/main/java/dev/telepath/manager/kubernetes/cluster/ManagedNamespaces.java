package dev.telepath.manager.kubernetes.cluster;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which namespaces the manager cares for. */
public sealed interface ManagedNamespaces {
    /** Every one but those of the cluster itself. */
    record All() implements ManagedNamespaces {}

    /** These. */
    record Listed(Set<String> names) implements ManagedNamespaces {}

    /** Those with labels that match. */
    record Selected(LabelSelector selector) implements ManagedNamespaces {
        private static final Pattern SET = Pattern.compile("(\\S+)\\s+(in|notin)\\s*\\(([A-Za-z0-9._, -]+)\\)");
    }

    /** Whether a namespace with these labels is cared for. */
    default boolean include(String name, Map<String, String> labels) {
        return switch (this) {
            case All all -> !name.startsWith("kube-");
            case Listed(Set<String> names) -> names.contains(name);
            case Selected(LabelSelector selector) -> matches(selector, labels);
        };
    }

    /** Whether labels match a selector, as Kubernetes decides it. */
    static boolean matches(LabelSelector selector, Map<String, String> labels) {
        Map<String, String> exact = selector.getMatchLabels() == null ? Map.of() : selector.getMatchLabels();
        if (!labels.entrySet().containsAll(exact.entrySet())) {
            return false;
        }
        List<LabelSelectorRequirement> more =
                selector.getMatchExpressions() == null ? List.of() : selector.getMatchExpressions();
        return more.stream().allMatch(one -> {
            String value = labels.get(one.getKey());
            return switch (one.getOperator()) {
                case "In" -> value != null && one.getValues().contains(value);
                case "NotIn" -> value == null || !one.getValues().contains(value);
                case "Exists" -> value != null;
                case "DoesNotExist" -> value == null;
                default -> false;
            };
        });
    }

    /**
     * Reads a selector as kubectl writes it: {@code a=b,c!=d,e,!f,g in (h,i),j notin (k)}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    static LabelSelector parse(String text) {
        Map<String, String> exact = new HashMap<>();
        List<LabelSelectorRequirement> more = new ArrayList<>();
        // A comma within brackets parts values.
        for (String part : text.split(",(?![^(]*\\))", -1)) {
            String one = part.strip();
            String[] not = one.split("!=", 2);
            String[] is = one.split("==?", 2);
            Matcher set = Selected.SET.matcher(one);
            if (set.matches() && key(set.group(1))) {
                more.add(new LabelSelectorRequirement(
                        set.group(1),
                        set.group(2).equals("in") ? "In" : "NotIn",
                        Stream.of(set.group(3).split(",")).map(String::strip).toList()));
            } else if (one.startsWith("!") && key(one.substring(1))) {
                more.add(new LabelSelectorRequirement(one.substring(1), "DoesNotExist", List.of()));
            } else if (not.length == 2 && key(not[0])) {
                more.add(new LabelSelectorRequirement(not[0].strip(), "NotIn", List.of(not[1].strip())));
            } else if (is.length == 2 && key(is[0])) {
                exact.put(is[0].strip(), is[1].strip());
            } else if (key(one)) {
                more.add(new LabelSelectorRequirement(one, "Exists", List.of()));
            } else {
                throw new IllegalArgumentException("'" + text
                        + "' is no label selector, expected e.g. team=web,env!=prod,managed,!frozen,tier in (a,b)");
            }
        }
        return new LabelSelector(more, exact);
    }

    private static boolean key(String text) {
        return text.strip().matches("[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?");
    }
}
