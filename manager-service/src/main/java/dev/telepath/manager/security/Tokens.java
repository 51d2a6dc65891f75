package dev.telepath.manager.security;

import dev.telepath.manager.security.TokenRefused.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import org.jose4j.json.JsonUtil;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;

/** Signs and verifies bearer tokens (JWT, HS256) with the installation's signing key. Thread-safe. */
public final class Tokens {
    private static final String ROLE = "role";
    static final int MAX_TOKEN = 8192;
    private static final int REMEMBERED = 1024;
    private static final int MAX_NAME = 253;
    private static final int MAX_HEAD = 1024;
    private static final JwtConsumer UNCHECKED = new JwtConsumerBuilder()
            .setSkipAllValidators()
            .setSkipSignatureVerification()
            .build();

    private final HmacKey key;
    private final InstantSource clock;
    private final JwtConsumer consumer;
    private final Map<String, Verified> verified = new Recent<>(REMEMBERED);

    private record Verified(Principal principal, Instant expires) {}

    /**
     * @param signingKey at least 32 random bytes
     */
    public Tokens(byte[] signingKey, InstantSource clock) {
        this.key = new HmacKey(signingKey);
        this.clock = clock;
        this.consumer = new JwtConsumerBuilder()
                .setRequireExpirationTime()
                .setRequireSubject()
                .setRequireIssuedAt()
                .setVerificationKey(key)
                .setJwsAlgorithmConstraints(
                        AlgorithmConstraints.ConstraintType.PERMIT, AlgorithmIdentifiers.HMAC_SHA256)
                // Expiry is checked below, with the clock that was given.
                .setEvaluationTime(NumericDate.fromSeconds(0))
                .build();
    }

    /**
     * Signs a token.
     *
     * @param subject 1 to 253 characters
     * @throws IllegalArgumentException when the subject or the life is out of range
     */
    public String issue(String subject, Role role, Duration life) {
        if (subject.isBlank() || subject.length() > MAX_NAME) {
            throw new IllegalArgumentException("a token's name has 1 to " + MAX_NAME + " characters");
        }
        if (life.isNegative() || life.isZero()) {
            throw new IllegalArgumentException("a token lives longer than " + life);
        }
        var claims = new JwtClaims();
        claims.setSubject(subject);
        claims.setStringClaim(ROLE, role.label());
        claims.setIssuedAt(NumericDate.fromMilliseconds(clock.millis()));
        claims.setExpirationTime(NumericDate.fromMilliseconds(clock.millis() + life.toMillis()));
        claims.setGeneratedJwtId();
        var signature = new JsonWebSignature();
        signature.setPayload(claims.toJson());
        signature.setKey(key);
        signature.setAlgorithmHeaderValue(AlgorithmIdentifiers.HMAC_SHA256);
        try {
            return signature.getCompactSerialization();
        } catch (JoseException e) {
            throw new IllegalStateException("HS256 is part of every Java runtime", e);
        }
    }

    /** Whether it is of the kind that is signed here, genuine or not. */
    static boolean isOurs(String token) {
        try {
            int dot = token.indexOf('.');
            return dot < 0
                    || dot > MAX_HEAD
                    || AlgorithmIdentifiers.HMAC_SHA256.equals(JsonUtil.parseJson(new String(
                                    Base64.getUrlDecoder().decode(token.substring(0, dot)), StandardCharsets.UTF_8))
                            .get("alg"));
        } catch (JoseException | IllegalArgumentException e) {
            return true;
        }
    }

    /** When a token of others ends by its own words, which nobody has checked; {@link Instant#MAX} = it does not say. */
    static Instant expiry(String token) {
        try {
            NumericDate end = UNCHECKED.processToClaims(token).getExpirationTime();
            return end == null ? Instant.MAX : Instant.ofEpochMilli(end.getValueInMillis());
        } catch (InvalidJwtException | MalformedClaimException e) {
            return Instant.MAX;
        }
    }

    /** Who bears the token. */
    public Principal verify(@Nullable String token) throws TokenRefused {
        if (token == null || token.isEmpty()) {
            throw new TokenRefused(Reason.MISSING);
        }
        if (token.length() > MAX_TOKEN) {
            throw new TokenRefused(Reason.MALFORMED);
        }
        Verified known;
        synchronized (verified) {
            known = verified.get(token);
        }
        if (known == null) {
            known = read(token);
            synchronized (verified) {
                verified.put(token, known);
            }
        }
        if (!clock.instant().isBefore(known.expires())) {
            throw new TokenRefused(Reason.EXPIRED);
        }
        return known.principal();
    }

    private Verified read(String token) throws TokenRefused {
        try {
            JwtClaims claims = consumer.processToClaims(token);
            Role role = Role.ofToken(claims.getStringClaimValue(ROLE) == null ? "" : claims.getStringClaimValue(ROLE))
                    .orElseThrow(() -> new TokenRefused(Reason.MALFORMED));
            return new Verified(
                    new Principal(claims.getSubject(), role, false),
                    Instant.ofEpochMilli(claims.getExpirationTime().getValueInMillis()));
        } catch (InvalidJwtException e) {
            boolean forged = e.hasErrorCode(ErrorCodes.SIGNATURE_INVALID);
            throw new TokenRefused(forged ? Reason.FORGED : Reason.MALFORMED);
        } catch (MalformedClaimException e) {
            throw new TokenRefused(Reason.MALFORMED);
        }
    }
}
