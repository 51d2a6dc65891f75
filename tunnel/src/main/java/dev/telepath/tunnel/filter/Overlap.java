package dev.telepath.tunnel.filter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Whether one request can be matched by two filters. */
public sealed interface Overlap {
    /** It cannot, whatever the request. */
    record Disjoint() implements Overlap {}

    /** It can: here is one. */
    record Shared(RequestHead example) implements Overlap {}

    /**
     * Perhaps: two expressions, of which neither a common text was found nor that there is none.
     *
     * @param reason for a person, names both
     */
    record Undecided(String reason) implements Overlap {}

    /** Pure and symmetric but for the example that is chosen. */
    static Overlap of(HttpFilter a, HttpFilter b) {
        Set<String> methods = new TreeSet<>(a.methods().isEmpty() ? b.methods() : a.methods());
        if (!b.methods().isEmpty()) {
            methods.retainAll(b.methods());
        }
        boolean anyMethod = a.methods().isEmpty() && b.methods().isEmpty();
        if (methods.isEmpty() && !anyMethod) {
            return new Disjoint();
        }
        String method = anyMethod || methods.contains("GET")
                ? "GET"
                : methods.iterator().next();
        String reason = "";
        Map<String, String> headers = new HashMap<>();
        Set<String> names = new LinkedHashSet<>(a.headers().keySet());
        names.addAll(b.headers().keySet());
        for (String name : names) {
            Common common =
                    Common.of(values(a.headers().get(name)), values(b.headers().get(name)), ".*");
            switch (common) {
                case Common.None none -> {
                    return new Disjoint();
                }
                case Common.Unknown(String why) -> reason = "header " + name + ": " + why;
                case Common.Text(String value) -> headers.put(name, value);
            }
        }
        return switch (Common.of(a.paths(), b.paths(), "/")) {
            case Common.None none -> new Disjoint();
            case Common.Unknown(String why) -> new Undecided("path: " + why);
            case Common.Text(String path) ->
                reason.isEmpty() ? new Shared(new RequestHead(method, path, headers)) : new Undecided(reason);
        };
    }

    private static List<Match> values(@org.jspecify.annotations.Nullable Match match) {
        return match == null ? List.of() : List.of(match);
    }

    /** What two alternatives of matches have in common. */
    sealed interface Common {
        record None() implements Common {}

        record Text(String text) implements Common {}

        record Unknown(String why) implements Common {}

        /**
         * @param any a text that no match asks for anything of
         */
        static Common of(List<Match> a, List<Match> b, String any) {
            List<Match> ones = a.isEmpty() ? b : a;
            List<Match> others = b.isEmpty() ? a : b;
            if (ones.isEmpty()) {
                return new Text(any);
            }
            Common result = new None();
            boolean oneSided = a.isEmpty() || b.isEmpty();
            for (Match one : ones) {
                for (Match other : oneSided ? List.of(one) : others) {
                    Common common = of(one, other);
                    if (common instanceof Text) {
                        return common;
                    }
                    result = common instanceof Unknown ? common : result;
                }
            }
            return result;
        }

        static Common of(Match a, Match b) {
            if (a instanceof Match.Exact(String text)) {
                return b.matches(text) ? new Text(text) : new None();
            }
            if (b instanceof Match.Exact) {
                return of(b, a);
            }
            String start = Witness.start(a);
            String otherStart = Witness.start(b);
            // What must begin in two ways that differ cannot be.
            if (!start.startsWith(otherStart) && !otherStart.startsWith(start)) {
                return new None();
            }
            String longer = start.length() >= otherStart.length() ? start : otherStart;
            List<String> candidates = new ArrayList<>();
            for (Match one : List.of(a, b)) {
                for (String witness : Witness.texts(one)) {
                    candidates.add(witness);
                    candidates.add(longer + witness);
                    candidates.add("/" + witness);
                    candidates.add(longer + "/" + witness);
                }
            }
            candidates.add(longer);
            return candidates.stream()
                    .filter(text -> a.matches(text) && b.matches(text))
                    .findFirst()
                    .<Common>map(Text::new)
                    .orElseGet(() -> new Unknown("\"" + a.describe() + "\" and \"" + b.describe()
                            + "\" may match the same; nothing shows that they never do"));
        }
    }
}
