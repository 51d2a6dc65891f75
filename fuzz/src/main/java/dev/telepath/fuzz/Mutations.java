package dev.telepath.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Tries a decoder with inputs made from its corpus by seeded mutation: the short run of every build. Jazzer, which looks at
 * what the code does with them, starts from the same corpus and is the long run.
 *
 * <p>The same seed makes the same inputs; {@code -Dfuzz.seed=N} tries others, {@code -Dfuzz.tries=N} more.
 */
public final class Mutations {
    private static final int TRIES = 30_000;
    private static final int MAX_LENGTH = 4096;
    private static final byte[] TELLING = {
        0, 1, 2, 5, 7, 8, 0x7f, (byte) 0x80, (byte) 0xff, '\n', '\r', ':', '.', '/', '%'
    };

    /** What is tried. */
    @FunctionalInterface
    public interface Target {
        /** Judges one input: throws, whatever it is, when the decoder did what it must not. */
        void accept(byte[] input) throws Exception;
    }

    private final List<byte[]> corpus;
    private final SplittableRandom random;

    private Mutations(List<byte[]> corpus, long seed) {
        this.corpus = corpus;
        this.random = new SplittableRandom(seed);
    }

    /**
     * Tries the corpus of a fuzz test as it is and then mutated.
     *
     * @param test the class whose resource folder {@code <Class>Inputs/<method>} holds the corpus
     * @param method the fuzz test's method
     * @throws AssertionError with the input in hexadecimal when the target threw
     * @throws IllegalStateException when there is no corpus
     */
    public static void of(Class<?> test, String method, Target target) {
        of(test, method, TRIES, target);
    }

    /**
     * As {@link #of(Class, String, Target)}, for targets that are slow.
     *
     * @param usual how many mutations are tried unless {@code -Dfuzz.tries} says otherwise
     */
    public static void of(Class<?> test, String method, int usual, Target target) {
        int tries = Integer.getInteger("fuzz.tries", usual);
        var mutations = new Mutations(corpus(test, method), Long.getLong("fuzz.seed", 1));
        mutations.corpus.forEach(input -> attempt(target, input));
        for (int i = 0; i < tries; i++) {
            attempt(target, mutations.next());
        }
    }

    private static void attempt(Target target, byte[] input) {
        try {
            target.accept(input);
        } catch (Exception | Error e) {
            throw new AssertionError("input " + HexFormat.of().formatHex(input) + ": " + e, e);
        }
    }

    private static List<byte[]> corpus(Class<?> test, String method) {
        String folder = test.getSimpleName() + "Inputs/" + method;
        URL found = test.getResource(folder);
        if (found == null) {
            throw new IllegalStateException("no corpus at " + folder + " beside " + test.getName());
        }
        var inputs = new ArrayList<byte[]>();
        try (var files = Files.list(Path.of(found.toURI()))) {
            for (Path file : files.sorted().toList()) {
                inputs.add(Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        if (inputs.isEmpty()) {
            throw new IllegalStateException("the corpus at " + folder + " is empty");
        }
        return inputs;
    }

    private byte[] next() {
        byte[] input = corpus.get(random.nextInt(corpus.size()));
        int changes = 1 << random.nextInt(5);
        for (int i = 0; i < changes; i++) {
            input = changed(input);
        }
        return input;
    }

    private byte[] changed(byte[] input) {
        int at = random.nextInt(input.length + 1);
        int length = random.nextInt(Math.min(input.length - at, 64) + 1);
        return switch (random.nextInt(7)) {
            case 0 -> with(input, at, new byte[] {(byte) random.nextInt(256)}, 1);
            case 1 -> with(input, at, new byte[] {TELLING[random.nextInt(TELLING.length)]}, 1);
            case 2 -> with(input, at, noise(), 0);
            case 3 -> with(input, at, new byte[0], length);
            case 4 -> with(input, at, part(input, at, length), 0);
            case 5 -> spliced(input, at);
            default -> flipped(input, at);
        };
    }

    private byte[] noise() {
        byte[] noise = new byte[1 + random.nextInt(16)];
        random.nextBytes(noise);
        return noise;
    }

    private byte[] spliced(byte[] input, int at) {
        byte[] other = corpus.get(random.nextInt(corpus.size()));
        int from = random.nextInt(other.length + 1);
        return with(input, at, part(other, from, other.length - from), input.length - at);
    }

    private byte[] flipped(byte[] input, int at) {
        byte[] out = input.clone();
        if (at < out.length) {
            out[at] ^= (byte) (1 << random.nextInt(8));
        }
        return out;
    }

    private static byte[] part(byte[] bytes, int from, int length) {
        return java.util.Arrays.copyOfRange(bytes, from, from + length);
    }

    /** Puts bytes in the place of some others. */
    private static byte[] with(byte[] input, int at, byte[] put, int instead) {
        var out = new ByteArrayOutputStream(input.length + put.length);
        out.write(input, 0, at);
        out.writeBytes(put);
        int rest = Math.min(input.length, at + instead);
        out.write(input, rest, input.length - rest);
        byte[] whole = out.toByteArray();
        return whole.length <= MAX_LENGTH ? whole : part(whole, 0, MAX_LENGTH);
    }
}
