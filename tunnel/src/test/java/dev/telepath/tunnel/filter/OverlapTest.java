package dev.telepath.tunnel.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class OverlapTest {
    private static final List<String> NAMES = List.of("x-user", "x-team");
    private static final List<String> VALUES = List.of("alice", "bob", "al", "a1", "x");
    private static final List<String> PATTERNS =
            List.of("^al", "^b.b$", "ice$", "^(alice|bob)$", ".*", "[a-c]\\d+", "^al.?", "^[^a]");
    private static final List<String> METHODS = List.of("GET", "POST", "PUT");
    private static final List<String> PATHS = List.of("/", "/a", "/a/b", "/ab", "/b/1", "/b", "/c/x");

    @Property(tries = 5000)
    void theExampleMatchesBothAndDisjointFiltersShareNoRequest(
            @ForAll("filters") HttpFilter a, @ForAll("filters") HttpFilter b) {
        Overlap overlap = Overlap.of(a, b);
        switch (overlap) {
            case Overlap.Shared(RequestHead example) -> {
                assertThat(a.matches(example)).as(example.describe()).isTrue();
                assertThat(b.matches(example)).as(example.describe()).isTrue();
            }
            case Overlap.Disjoint none ->
                assertThat(requests()).noneMatch(request -> a.matches(request) && b.matches(request));
            case Overlap.Undecided(String reason) -> assertThat(reason).contains("~");
        }
        assertThat(Overlap.of(b, a)).hasSameClassAs(overlap);
    }

    @Property(tries = 500)
    void aFilterOverlapsItself(@ForAll("filters") HttpFilter filter) {
        assertThat(Overlap.of(filter, filter)).isNotInstanceOf(Overlap.Disjoint.class);
        assertThat(Overlap.of(filter, HttpFilter.ALL)).isNotInstanceOf(Overlap.Disjoint.class);
    }

    @Example
    void differentValuesOfOneHeaderAreDisjoint() {
        assertThat(Overlap.of(user("alice"), user("bob"))).isEqualTo(new Overlap.Disjoint());
        assertThat(Overlap.of(user("^alice"), user("bob"))).isEqualTo(new Overlap.Disjoint());
        assertThat(Overlap.of(user("^al"), user("^bo"))).isEqualTo(new Overlap.Disjoint());
    }

    @Example
    void differentHeadersOverlapInARequestThatHasBoth() {
        var team = HttpFilter.of(Map.of("x-team", "red"), List.of(), List.of());
        assertThat(Overlap.of(user("alice"), team))
                .isEqualTo(new Overlap.Shared(new RequestHead("GET", "/", Map.of("x-user", "alice", "x-team", "red"))));
    }

    @Example
    void aPrefixOverlapsWhatItBegins() {
        var api = HttpFilter.of(Map.of(), List.of(":path-prefix:/api"), List.of());
        var versions = HttpFilter.of(Map.of(), List.of(":path-regex:/v\\d+/"), List.of());
        assertThat(Overlap.of(api, versions))
                .isInstanceOfSatisfying(
                        Overlap.Shared.class,
                        shared -> assertThat(shared.example().path()).startsWith("/api"));
        var web = HttpFilter.of(Map.of(), List.of(":path-regex:^/web/.*"), List.of());
        assertThat(Overlap.of(api, web)).isEqualTo(new Overlap.Disjoint());
    }

    @Example
    void twoExpressionsWithoutACommonExampleAreToldAsUndecided() {
        assertThat(Overlap.of(user("[a-c]x\\d$"), user("^q.*9$")))
                .isInstanceOfSatisfying(
                        Overlap.Undecided.class,
                        undecided -> assertThat(undecided.reason()).contains("x-user", "^q.*9$"));
    }

    private static HttpFilter user(String value) {
        return HttpFilter.of(Map.of("x-user", value), List.of(), List.of());
    }

    @Provide
    Arbitrary<HttpFilter> filters() {
        Arbitrary<String> value = Arbitraries.oneOf(Arbitraries.of(VALUES), Arbitraries.of(PATTERNS));
        Arbitrary<Map<String, String>> headers =
                Arbitraries.maps(Arbitraries.of(NAMES), value).ofMaxSize(2);
        Arbitrary<String> path = Arbitraries.oneOf(
                Arbitraries.of(PATHS),
                Arbitraries.of(PATHS).map(each -> HttpFilter.PATH_PREFIX + each),
                Arbitraries.of("^/a", "/b/\\d$", "^/(a|c)/", "b", "^/b/?").map(each -> HttpFilter.PATH_REGEX + each));
        return Combinators.combine(
                        headers,
                        path.list().ofMaxSize(2),
                        Arbitraries.of(METHODS).set().ofMaxSize(2))
                .as((h, p, m) -> HttpFilter.of(h, p, List.copyOf(m)));
    }

    private static List<RequestHead> requests() {
        var all = new ArrayList<RequestHead>();
        var values = new ArrayList<>(VALUES);
        values.add("");
        for (String method : METHODS) {
            for (String path : PATHS) {
                for (String user : values) {
                    for (String team : values) {
                        var headers = new HashMap<>(Map.of("x-user", user, "x-team", team));
                        headers.values().removeIf(String::isEmpty);
                        all.add(new RequestHead(method, path, headers));
                    }
                }
            }
        }
        return all;
    }
}
