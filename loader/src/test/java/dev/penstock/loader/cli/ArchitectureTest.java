package dev.penstock.loader.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rooms of the house and the doors between them, over the compiled classes of all modules. */
class ArchitectureTest {
  private static final String BRIDGE = "dev.penstock.bridge..";
  private static final String FORMATS = "dev.penstock.formats..";
  private static final String SHARDING = "dev.penstock.sharding..";
  private static final String CACHE = "dev.penstock.cache..";
  private static final String CORE = "dev.penstock.loader";

  private static JavaClasses house = new ClassFileImporter().importClasses();

  @BeforeAll
  static void readClasses() {
    house =
        new ClassFileImporter()
            .importPaths(
                List.of("io-uring-bridge", "formats", "sharding", "cache", "loader").stream()
                    .map(module -> Path.of("..", module, "target", "classes"))
                    .toList());
    assertTrue(house.size() > 50, "found only " + house.size() + " classes");
  }

  @Test
  void testsRunOnTheModulePath() {
    assertTrue(Main.class.getModule().isNamed());
    assertTrue(ArchitectureTest.class.getModule().isNamed());
  }

  @Test
  void theOrderDependsOnNothing() {
    classes()
        .that()
        .resideInAPackage(SHARDING)
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                    SHARDING, "java.lang..", "java.util..", "java.math..", "org.jspecify..")
                .or(named("java.security.MessageDigest", "java.security.NoSuchAlgorithmException"))
                .or(named("java.nio.charset.StandardCharsets", "java.nio.charset.Charset"))
                .or(named("java.nio.ByteBuffer", "java.nio.ByteOrder", "java.io.Serializable")))
        .check(house);
    noClasses()
        .that()
        .resideInAPackage(SHARDING)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.util.concurrent", "java.util.concurrent.locks..")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(Thread.class)
        .because("the plan is a pure function: no threads, clocks or files")
        .check(house);
  }

  @Test
  void nothingPointsUp() {
    noPenstockBut(BRIDGE, BRIDGE);
    noPenstockBut(FORMATS, FORMATS, BRIDGE);
    noPenstockBut(CACHE, CACHE, FORMATS, BRIDGE);
  }

  private static void noPenstockBut(String room, String... allowed) {
    noClasses()
        .that()
        .resideInAPackage(room)
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.penstock..")
                .and(DescribedPredicate.not(resideInAnyPackage(allowed))))
        .check(house);
  }

  @Test
  void theCoreKnowsNeitherCommandLineNorDaemon() {
    noClasses()
        .that()
        .resideInAPackage(CORE)
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.penstock.loader..")
                .and(DescribedPredicate.not(resideInAPackage(CORE))))
        .because("they are optional packages over an embeddable core")
        .check(house);
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.penstock.loader.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("picocli..")
        .check(house);
  }

  @Test
  void onlyTheBridgeMakesNativeCalls() {
    noClasses()
        .that()
        .resideOutsideOfPackage(BRIDGE)
        .should()
        .dependOnClassesThat(named("java.lang.foreign.Linker", "java.lang.foreign.SymbolLookup"))
        .orShould()
        .callMethod(System.class, "load", String.class)
        .orShould()
        .callMethod(System.class, "loadLibrary", String.class)
        .check(house);
  }

  @Test
  void onlyTheCommandLineEndsTheProcessAndWritesToTheTerminal() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.penstock.loader.cli..")
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(house);
  }

  private static DescribedPredicate<JavaClass> named(String... names) {
    List<String> wanted = List.of(names);
    return DescribedPredicate.describe(
        "are " + wanted, type -> wanted.contains(type.getBaseComponentType().getName()));
  }
}
