import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * Builds image archives of manager and agent. An archive is an OCI image layout that is a docker archive too, so that
 * every engine loads it. The root holds the program, the shared libraries it is linked to and four small files: no
 * shell, no package manager, no CA certificates. The same input gives the same bytes: sorted entries, one time, no owner.
 *
 * <p>Run by the script {@code build} beside it.
 */
final class BuildImages {
    private static final String USAGE = """
            Usage: deploy/images/build [OPTION...] [manager|agent ...]     (default: both)
              --native            native executables (default); built by Maven where they are missing, which takes minutes
              --jvm               the JVM build on a runtime made by jlink
              --out DIR           where the archives go (default: deploy/images/target)
              --tag TAG           of the images (default: the version)
              --repository PREFIX what stands before telepath-manager and telepath-agent in the image's name
              --program FILE      the native executable to take, for one image alone
            SOURCE_DATE_EPOCH sets the time in the images, TELEPATH_REVISION their revision label.
            """;

    private static final String USER = "65532";
    private static final List<String> MODULES = List.of(
            "java.base", "java.logging", "java.management", "java.naming", "java.net.http", "java.security.jgss",
            "java.sql", "java.xml", "jdk.crypto.ec", "jdk.httpserver", "jdk.management", "jdk.unsupported", "jdk.zipfs");
    /** What of the runtime is linked to the system's libraries, and loaded here. */
    private static final List<String> RUNTIME_LIBRARIES = List.of(
            "bin/java", "lib/server/libjvm.so", "lib/libjava.so", "lib/libjli.so", "lib/libjimage.so", "lib/libnet.so",
            "lib/libnio.so", "lib/libzip.so", "lib/libverify.so", "lib/libextnet.so", "lib/libmanagement.so",
            "lib/libmanagement_ext.so");

    private final Path root = Path.of(System.getProperty("telepath.root")).toAbsolutePath().normalize();
    private boolean jvm;
    private Path out = root.resolve("deploy/images/target");
    private String tag = "";
    private String repository = "";
    private Path program;
    private final List<String> which = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        var build = new BuildImages();
        try {
            build.parse(arguments);
            build.run();
        } catch (Refused e) {
            System.err.println("deploy/images/build: " + e.getMessage());
            System.exit(2);
        }
    }

    /** Something that the caller can change. */
    private static final class Refused extends RuntimeException {
        Refused(String message) {
            super(message);
        }
    }

    private record Component(String name, String title, String description, List<String> ports) {}

    private static Component component(String name) {
        return switch (name) {
            case "manager" -> new Component(
                    name, "telepath-manager", "Sessions, engagements, injection and relay of Telepath", List.of("8443/tcp"));
            case "agent" -> new Component(name, "telepath-agent", "The port in front of a workload of Telepath", List.of());
            default -> throw new Refused("unknown image '" + name + "'; there are manager and agent");
        };
    }

    private void parse(String[] arguments) {
        var rest = new ArrayList<>(Arrays.asList(arguments));
        while (!rest.isEmpty()) {
            String one = rest.removeFirst();
            switch (one) {
                case "--native" -> jvm = false;
                case "--jvm" -> jvm = true;
                case "--out" -> out = Path.of(value(one, rest)).toAbsolutePath();
                case "--tag" -> tag = value(one, rest);
                case "--repository" -> repository = value(one, rest).replaceAll("/+$", "") + "/";
                case "--program" -> program = Path.of(value(one, rest)).toAbsolutePath();
                case "--help", "-h" -> {
                    System.out.print(USAGE);
                    System.exit(0);
                }
                default -> {
                    if (one.startsWith("-")) {
                        throw new Refused("unknown option " + one + "\n" + USAGE);
                    }
                    which.add(component(one).name());
                }
            }
        }
        if (which.isEmpty()) {
            which.addAll(List.of("manager", "agent"));
        }
        if (program != null && (jvm || which.size() != 1)) {
            throw new Refused("--program goes with one native image, e.g. --program FILE manager");
        }
    }

    private static String value(String option, List<String> rest) {
        if (rest.isEmpty()) {
            throw new Refused(option + " needs a value");
        }
        return rest.removeFirst();
    }

    private void run() throws IOException, InterruptedException {
        if (!System.getProperty("os.name").equals("Linux")) {
            throw new Refused("images are made of this machine's libraries, which takes Linux; elsewhere: deploy/images/Dockerfile");
        }
        Files.createDirectories(out);
        String pom = Files.readString(root.resolve("pom.xml"));
        String version = first(pom, "<version>([^<]+)</version>");
        Instant created = System.getenv("SOURCE_DATE_EPOCH") == null
                ? Instant.parse(first(pom, "<project.build.outputTimestamp>([^<]+)<"))
                : Instant.ofEpochSecond(Long.parseLong(System.getenv("SOURCE_DATE_EPOCH")));
        for (String name : which) {
            Component component = component(name);
            List<Layer> layers = jvm ? runtime(component) : executable(component);
            String architecture = jvm ? architecture(System.getProperty("os.arch")) : machine(executableFile(component));
            image(component, layers, architecture, version, created);
        }
    }

    private static String first(String text, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        if (!found.find()) {
            throw new Refused("pom.xml has no " + pattern);
        }
        return found.group(1);
    }

    // What goes in.

    /** Files by their path in the image, as one layer. */
    private static final class Layer {
        private final TreeMap<String, Entry> entries = new TreeMap<>();
        private final String history;

        Layer(String history) {
            this.history = history;
        }

        Layer put(String path, byte[] content, int mode) {
            directories(path);
            entries.put(path, new Entry(content, null, null, mode));
            return this;
        }

        Layer directory(String path, int mode) {
            directories(path);
            entries.put(path + "/", new Entry(null, null, null, mode));
            return this;
        }

        /** A file, or all that is in a directory; links within it stay links. */
        Layer copy(Path from, String to) throws IOException {
            if (!Files.isDirectory(from)) {
                directories(to);
                entries.put(to, new Entry(null, from.toRealPath(), null, Files.isExecutable(from) ? 0755 : 0644));
                return this;
            }
            try (Stream<Path> all = Files.walk(from)) {
                for (Path one : all.sorted(Comparator.naturalOrder()).toList()) {
                    String path = to + "/" + from.relativize(one);
                    if (Files.isSymbolicLink(one)) {
                        directories(path);
                        entries.put(path, new Entry(null, null, Files.readSymbolicLink(one).toString(), 0777));
                    } else if (Files.isRegularFile(one, LinkOption.NOFOLLOW_LINKS)) {
                        copy(one, path);
                    }
                }
            }
            return this;
        }

        private void directories(String path) {
            for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
                entries.putIfAbsent(path.substring(0, slash + 1), new Entry(null, null, null, 0755));
            }
        }
    }

    /** A file with content or to be copied, a link, or else a directory. */
    private record Entry(byte[] content, Path file, String link, int mode) {}

    private List<Layer> executable(Component component) throws IOException, InterruptedException {
        Path file = executableFile(component);
        if (!Files.isExecutable(file)) {
            maven("-Dnative", "-pl", component.name() + "-service", "-am");
        }
        return List.of(
                base(List.of(file)), new Layer(component.title() + ", native").copy(file, "telepath"));
    }

    private Path executableFile(Component component) {
        return program != null
                ? program
                : root.resolve(component.name() + "-service/target/" + component.title() + "-runner");
    }

    private List<Layer> runtime(Component component) throws IOException, InterruptedException {
        Path application = root.resolve(component.name() + "-service/target/quarkus-app");
        if (!Files.exists(application.resolve("quarkus-run.jar"))) {
            maven("-pl", component.name() + "-service", "-am");
        }
        Path jre = out.resolve("jre");
        Path home = Path.of(System.getProperty("java.home"));
        if (!Files.exists(jre.resolve("release"))
                || !Files.readString(jre.resolve("release")).contains("jdk.httpserver") // one of an earlier list
                || Files.getLastModifiedTime(jre.resolve("release"))
                                .compareTo(Files.getLastModifiedTime(home.resolve("release")))
                        < 0) {
            delete(jre);
            command(List.of(
                    home.resolve("bin/jlink").toString(),
                    "--add-modules", String.join(",", MODULES),
                    "--strip-debug", "--no-header-files", "--no-man-pages",
                    "--output", jre.toString()));
        }
        List<Path> linked = RUNTIME_LIBRARIES.stream().map(jre::resolve).filter(Files::exists).toList();
        return List.of(
                base(linked).copy(jre, "jre"), new Layer(component.title() + ", JVM").copy(application, "app"));
    }

    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(one);
                }
            }
        }
    }

    private void maven(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                root.resolve("mvnw").toString(), "-f", root.resolve("pom.xml").toString(), "-q", "-DskipTests", "package"));
        command.addAll(List.of(arguments));
        command(command);
    }

    /** The user, how names are looked up, a place for temporary files, and the libraries that these are linked to. */
    private static Layer base(List<Path> linked) throws IOException, InterruptedException {
        var layer = new Layer("shared libraries of the build machine");
        layer.put("etc/passwd", text("nonroot:x:" + USER + ":" + USER + ":nonroot:/tmp:/\n"), 0644);
        layer.put("etc/group", text("nonroot:x:" + USER + ":\n"), 0644);
        layer.put("etc/nsswitch.conf", text("hosts: files dns\n"), 0644);
        layer.directory("tmp", 01777);
        for (Path one : linked) {
            for (String line : command(List.of("ldd", one.toString())).split("\n")) {
                Matcher found = Pattern.compile("(/\\S+) \\(0x").matcher(line);
                if (found.find() && !linked.contains(Path.of(found.group(1)).normalize())) {
                    Path library = Path.of(found.group(1)).normalize();
                    if (linked.stream().noneMatch(own -> library.startsWith(own.getParent()))) {
                        layer.copy(library, library.toString().substring(1));
                    }
                }
            }
        }
        return layer;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String command(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new Refused(String.join(" ", command) + " failed: " + said.strip());
        }
        return said;
    }

    private static String architecture(String name) {
        return switch (name) {
            case "amd64", "x86_64" -> "amd64";
            case "aarch64", "arm64" -> "arm64";
            default -> name;
        };
    }

    /** What the executable was made for, by its ELF header: it may have come from another machine. */
    private static String machine(Path executable) throws IOException {
        try (var in = Files.newInputStream(executable)) {
            byte[] head = in.readNBytes(20);
            if (head.length < 20 || head[0] != 0x7f || head[1] != 'E') {
                throw new Refused(executable + " is no executable of Linux");
            }
            return switch (head[18]) {
                case 0x3e -> "amd64";
                case (byte) 0xb7 -> "arm64";
                default -> throw new Refused(executable + " is for a machine that has no images: ELF " + head[18]);
            };
        }
    }

    // What comes out.

    private record Blob(String digest, byte[] bytes, String uncompressed) {
        static Blob json(String text) {
            byte[] bytes = text(text);
            return new Blob(sha256(bytes), bytes, "");
        }

        static Blob layer(byte[] tar) throws IOException {
            var packed = new ByteArrayOutputStream();
            try (var gzip = new GZIPOutputStream(packed)) {
                gzip.write(tar);
            }
            return new Blob(sha256(packed.toByteArray()), packed.toByteArray(), sha256(tar));
        }

        String path() {
            return "blobs/sha256/" + digest;
        }

        String descriptor(String type) {
            return "{\"mediaType\":\"" + type + "\",\"digest\":\"sha256:" + digest + "\",\"size\":" + bytes.length;
        }
    }

    private void image(Component component, List<Layer> content, String architecture, String version, Instant created)
            throws IOException, InterruptedException {
        List<Blob> layers = new ArrayList<>();
        long size = 0;
        for (Layer one : content) {
            byte[] tar = tar(one.entries, created);
            size += tar.length;
            layers.add(Blob.layer(tar));
        }
        String labels = quoted(labels(component, version, created));
        List<String> entry = jvm
                ? List.of(
                        "/jre/bin/java", "-XX:+UseSerialGC", "-XX:MaxRAMPercentage=60", "-XX:-UsePerfData",
                        "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED", "-jar", "/app/quarkus-run.jar")
                : List.of("/telepath");
        Blob config = Blob.json("{\"architecture\":\"" + architecture + "\",\"os\":\"linux\",\"created\":\"" + created
                + "\",\"config\":{\"User\":\"" + USER + ":" + USER + "\",\"Entrypoint\":" + list(entry)
                + ",\"Env\":[\"HOME=/tmp\"],\"WorkingDir\":\"/\",\"ExposedPorts\":{"
                + component.ports().stream().map(port -> quote(port) + ":{}").collect(Collectors.joining(","))
                + "},\"Labels\":" + labels + "},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":"
                + list(layers.stream().map(layer -> "sha256:" + layer.uncompressed()).toList())
                + "},\"history\":["
                + content.stream()
                        .map(one -> "{\"created\":\"" + created + "\",\"created_by\":" + quote(one.history) + "}")
                        .collect(Collectors.joining(","))
                + "]}");
        Blob manifest = Blob.json("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
                + config.descriptor("application/vnd.oci.image.config.v1+json") + "},\"layers\":["
                + layers.stream()
                        .map(layer -> layer.descriptor("application/vnd.oci.image.layer.v1.tar+gzip") + "}")
                        .collect(Collectors.joining(","))
                + "],\"annotations\":" + labels + "}");
        String reference = repository + component.title() + ":" + (tag.isEmpty() ? version : tag);
        // As engines complete a name that has no registry of its own.
        String whole = reference.matches("(localhost|[^/]*[.:][^/]*)/.*")
                ? reference
                : "docker.io/" + (reference.contains("/") ? "" : "library/") + reference;
        String index = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
                + manifest.descriptor("application/vnd.oci.image.manifest.v1+json")
                + ",\"platform\":{\"architecture\":\"" + architecture + "\",\"os\":\"linux\"},\"annotations\":"
                + quoted(new TreeMap<>(Map.of(
                        "io.containerd.image.name", whole,
                        "org.opencontainers.image.ref.name", whole)))
                + "}]}";
        var files = new Layer("");
        files.put("oci-layout", text("{\"imageLayoutVersion\":\"1.0.0\"}"), 0644);
        files.put("index.json", text(index), 0644);
        files.put("manifest.json", text("[{\"Config\":" + quote(config.path()) + ",\"RepoTags\":[" + quote(reference)
                + "],\"Layers\":" + list(layers.stream().map(Blob::path).toList()) + "}]"), 0644);
        files.put(config.path(), config.bytes(), 0644);
        files.put(manifest.path(), manifest.bytes(), 0644);
        layers.forEach(layer -> files.put(layer.path(), layer.bytes(), 0644));
        Path archive = out.resolve(component.title() + (jvm ? "-jvm" : "") + "-linux-" + architecture + ".tar");
        Path next = archive.resolveSibling(archive.getFileName() + ".new");
        try (OutputStream to = Files.newOutputStream(next)) {
            to.write(tar(files.entries, created));
        }
        Files.move(next, archive, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        PrintStream say = System.out;
        say.println("image=" + reference);
        say.println("archive=" + archive);
        say.printf("packed-bytes=%d%n", layers.stream().mapToLong(layer -> layer.bytes().length).sum());
        say.printf("unpacked-bytes=%d%n", size);
        say.println("digest=sha256:" + manifest.digest());
    }

    private TreeMap<String, String> labels(Component component, String version, Instant created)
            throws IOException, InterruptedException {
        var labels = new TreeMap<>(Map.of(
                "org.opencontainers.image.title", component.title(),
                "org.opencontainers.image.description", component.description(),
                "org.opencontainers.image.version", version,
                "org.opencontainers.image.created", created.toString(),
                "org.opencontainers.image.licenses", "Apache-2.0"));
        String revision = System.getenv().getOrDefault("TELEPATH_REVISION", "");
        if (revision.isEmpty() && Files.exists(root.resolve(".git"))) {
            revision = command(List.of("git", "-C", root.toString(), "rev-parse", "HEAD")).strip();
        }
        if (!revision.isEmpty()) {
            labels.put("org.opencontainers.image.revision", revision);
        }
        return labels;
    }

    private static String quoted(TreeMap<String, String> map) {
        return map.entrySet().stream()
                .map(one -> quote(one.getKey()) + ":" + quote(one.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String list(List<String> all) {
        return all.stream().map(BuildImages::quote).collect(Collectors.joining(",", "[", "]"));
    }

    private static String quote(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every Java runtime", e);
        }
    }

    // The tar format, as GNU writes it for long names.

    private static byte[] tar(TreeMap<String, Entry> entries, Instant time) throws IOException {
        var tar = new ByteArrayOutputStream();
        for (Map.Entry<String, Entry> one : entries.entrySet()) {
            Entry entry = one.getValue();
            if (entry.link() != null) {
                header(tar, one.getKey(), 0, '2', entry.mode(), entry.link(), time);
            } else if (entry.content() == null && entry.file() == null) {
                header(tar, one.getKey(), 0, '5', entry.mode(), "", time);
            } else {
                byte[] content = entry.content() == null ? Files.readAllBytes(entry.file()) : entry.content();
                header(tar, one.getKey(), content.length, '0', entry.mode(), "", time);
                padded(tar, content);
            }
        }
        tar.write(new byte[1024]);
        return tar.toByteArray();
    }

    private static void header(
            ByteArrayOutputStream tar, String name, long size, char type, int mode, String link, Instant time) {
        byte[] path = text(name);
        if (path.length > 100) {
            header(tar, "././@LongLink", path.length + 1, 'L', 0644, "", Instant.EPOCH);
            padded(tar, Arrays.copyOf(path, path.length + 1));
        }
        if (link.length() > 100) {
            throw new Refused("a link of " + name + " is too long");
        }
        byte[] block = new byte[512];
        System.arraycopy(path, 0, block, 0, Math.min(100, path.length));
        octal(block, 100, 8, mode);
        octal(block, 108, 8, 0);
        octal(block, 116, 8, 0);
        octal(block, 124, 12, size);
        octal(block, 136, 12, time.getEpochSecond());
        Arrays.fill(block, 148, 156, (byte) ' ');
        block[156] = (byte) type;
        System.arraycopy(text(link), 0, block, 157, link.length());
        System.arraycopy(text("ustar  \0"), 0, block, 257, 8);
        int sum = 0;
        for (byte one : block) {
            sum += one & 0xff;
        }
        octal(block, 148, 7, sum);
        tar.writeBytes(block);
    }

    private static void octal(byte[] block, int at, int length, long value) {
        byte[] digits = text(String.format("%0" + (length - 1) + "o", value));
        System.arraycopy(digits, 0, block, at, length - 1);
        block[at + length - 1] = 0;
    }

    private static void padded(ByteArrayOutputStream tar, byte[] content) {
        try {
            tar.write(content);
            tar.write(new byte[(512 - content.length % 512) % 512]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
